"""Holds what is stored against what clients were told, past the servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from benchmarks.load.content import content_of
from benchmarks.load.told import Landed, Told
from datavc.db import commits
from datavc.model.tree.lookup import find_file
from datavc.store.content import read_content
from datavc.versioning.commits import commit_staged
from datavc.versioning.fsck import check_store
from datavc.versioning.history import log
from datavc.versioning.resolve import get_tree
from datavc.versioning.staging import list_staged
from datavc.versioning.versioned_store import VersionedStore


def check(vs: VersionedStore, told: Told) -> list[str]:
    """What is wrong: nothing, where all that was acknowledged is there, once and byte for byte."""
    return [*_lost_commits(vs, told), *_lost_staging(vs, told), *_damage(vs)]


def _lost_commits(vs: VersionedStore, told: Told) -> Iterator[str]:
    places = {(one.repo, one.branch) for one in told.landed}
    histories = {place: {commit.id for commit in log(vs, *place)} for place in places}
    for landed in told.landed:
        where = f"{landed.repo}@{landed.commit[:12]}"
        if landed.commit not in histories[landed.repo, landed.branch]:
            yield f"{where} is not in the history of {landed.branch}"
        else:
            yield from _wrong_files(vs, landed)
    with vs.db.read() as conn:
        known = commits.get_many(conn, commits.all_ids(conn))
    # Every message is used once: a request that was sent again must not have been done again.
    twice = Counter((one.repo, one.message) for one in known.values())
    yield from (
        f"{place} was committed {count} times" for place, count in twice.items() if count > 1
    )


def _wrong_files(vs: VersionedStore, landed: Landed) -> Iterator[str]:
    tree = get_tree(vs, landed.repo, landed.commit)
    for path in landed.paths:
        entry = find_file(tree, path, vs.nodes)
        if entry is None:
            yield f"{landed.repo}@{landed.commit[:12]}:/{path} is missing"
        elif b"".join(read_content(vs.objects, entry)) != content_of(path):
            yield f"{landed.repo}@{landed.commit[:12]}:/{path} holds other bytes"


def _lost_staging(vs: VersionedStore, told: Told) -> Iterator[str]:
    """Files that were staged, and whose commit nobody was told of: they are there all the same."""
    for repo, branch in sorted({(repo, branch) for repo, branch, _ in told.staged}):
        if list_staged(vs, repo, branch):
            commit_staged(vs, repo, branch, message="the rest", author="check")
        tree = get_tree(vs, repo, branch)
        for path in _paths(told.staged, repo, branch):
            entry = find_file(tree, path, vs.nodes)
            if entry is None or b"".join(read_content(vs.objects, entry)) != content_of(path):
                yield f"{repo}@{branch}:/{path} was staged, and is not there"


def _paths(staged: Iterable[tuple[str, str, str]], repo: str, branch: str) -> Iterator[str]:
    return (path for of, on, path in staged if (of, on) == (repo, branch))


def _damage(vs: VersionedStore) -> Iterator[str]:
    return (f"fsck: {problem}" for problem in check_store(vs, deep=True).problems)
