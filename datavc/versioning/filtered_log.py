"""A history, less the commits that are not asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from sqlalchemy import Connection

from datavc.db import commits as rows
from datavc.db import retention
from datavc.db.clock import now_us
from datavc.model.commit import Commit, TreeRef
from datavc.model.commit_info import CommitInfo
from datavc.model.glob import Glob
from datavc.model.log_filter import LogFilter
from datavc.model.moment import parse_moment
from datavc.model.tree.diff import diff_trees
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.lookup import find_file
from datavc.versioning.history import log
from datavc.versioning.repos import find_repo
from datavc.versioning.resolve import resolve_id
from datavc.versioning.versioned_store import VersionedStore

_PAGE = 500


def filtered_log(
    vs: VersionedStore, repo: str, ref: str, wanted: LogFilter, limit: int | None = None
) -> Iterator[CommitInfo]:
    """The commit that *ref* names and its first parents that are asked for, the newest first.

    Whether a commit changed a path is told by the digests on the way to it: that costs a few nodes
    for each commit, however many files there are.

    Raises:
        NotFound, Conflict, InvalidAddress: as :func:`datavc.versioning.resolve.get_commit`.
        InvalidInput: a time or a glob is malformed.
    """
    found = _within(vs, repo, log(vs, repo, ref), wanted)
    tests = list(_tests(wanted))
    if wanted.path:
        tests.append(_Touched(vs, wanted.path))
    matching = (commit for commit in found if all(test(commit) for test in tests))
    return islice(matching, limit)


def _within(
    vs: VersionedStore, repo: str, commits: Iterator[CommitInfo], wanted: LogFilter
) -> Iterator[CommitInfo]:
    """The history down to what is left out, or is too old."""
    since = parse_moment(wanted.since, now_us()) if wanted.since else None
    excluded = _ancestors(vs, repo, wanted.without) if wanted.without else frozenset[str]()
    for commit in commits:
        if commit.id in excluded or (since is not None and commit.time_us < since):
            return
        yield commit


def _tests(wanted: LogFilter) -> Iterator[Callable[[CommitInfo], bool]]:
    author, text = wanted.author.casefold(), wanted.text.casefold()
    if author:
        yield lambda commit: author in (commit.pipeline or commit.author).casefold()
    if text:
        yield lambda commit: text in commit.message.casefold()
    if wanted.until:
        until = parse_moment(wanted.until, now_us())
        yield lambda commit: commit.time_us <= until


def _ancestors(vs: VersionedStore, repo: str, ref: str) -> frozenset[str]:
    with vs.db.read() as conn:
        frontier = {resolve_id(conn, find_repo(conn, repo), ref)}
        found = set(frontier)
        while frontier:
            frontier = _parents(conn, frontier) - found
            found |= frontier
    return frozenset(found)


def _parents(conn: Connection, commits: set[str]) -> set[str]:
    ids = iter(commits)
    found: set[str] = set()
    while page := list(islice(ids, _PAGE)):
        for commit in rows.get_many(conn, page).values():
            found.update(commit.parents)
    return found


class _Touched:
    """Whether a commit changed a path: a file, what is below a folder, or what fits a glob."""

    def __init__(self, vs: VersionedStore, path: str) -> None:
        self._vs = vs
        self._path = path.rstrip("/")
        glob = Glob(path)
        self._glob = None if glob.is_literal else glob

    def __call__(self, info: CommitInfo) -> bool:
        parents = info.parents[:1]
        with self._vs.db.read() as conn:
            found = rows.get_many(conn, [info.id, *parents])
            if any(retention.is_expired(conn, commit) for commit in found):
                # What is gone cannot be compared.
                return False
        tree = found[info.id].tree
        before = _tree(found, parents)
        return tree.digest != before.digest and self._differs(before, tree)

    def _differs(self, before: TreeRef, tree: TreeRef) -> bool:
        nodes = self._vs.nodes
        if self._glob is not None:
            differing = diff_trees(before, tree, nodes, self._glob.prefix)
            return any(self._glob.match(path) is not None for path, _, _ in differing)
        old, new = find_file(before, self._path, nodes), find_file(tree, self._path, nodes)
        if old is not None or new is not None:
            return old is None or not old.same_content(new)
        return next(diff_trees(before, tree, nodes, f"{self._path}/"), None) is not None


def _tree(found: dict[str, Commit], parents: tuple[str, ...]) -> TreeRef:
    return found[parents[0]].tree if parents and parents[0] in found else EMPTY_TREE
