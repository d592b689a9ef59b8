"""Which commits' content is kept, and giving up that of the others."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from datavc.db import retention as rows
from datavc.db.clock import now_us
from datavc.errors import InvalidInput, NotFound
from datavc.model.collection import RetentionRule
from datavc.model.glob import Glob
from datavc.versioning.repos import find_repo
from datavc.versioning.versioned_store import VersionedStore

#: Seconds for which a commit is kept after the last ref that led to it has moved away.
UNREACHABLE_KEEP_S = 30 * 24 * 3600

_NO_LIMIT = -1
#: Later than every time.
_NEVER = 1 << 62


def set_rule(vs: VersionedStore, repo: str, pattern: str, keep_s: int, *, author: str) -> None:
    """Keep commits behind the heads of branches that match *pattern* for *keep_s* seconds only.

    Heads and tags are always kept, and so is what other branches or tags lead to.

    Raises:
        NotFound: there is no such repo.
        InvalidInput: the pattern is malformed, or the time negative.
    """
    Glob(pattern)
    if keep_s < 0:
        raise InvalidInput(f"commits cannot be kept for {keep_s} seconds")
    with vs.db.write() as conn:
        repo_id = find_repo(conn, repo).id
        rows.set_rule(conn, repo_id, pattern, keep_s * 1_000_000, author=author, time_us=now_us())


def remove_rule(vs: VersionedStore, repo: str, pattern: str) -> None:
    """Drop a rule; what it has made expire stays so.

    Raises:
        NotFound: there is no such repo or rule.
    """
    with vs.db.write() as conn:
        if not rows.remove_rule(conn, find_repo(conn, repo).id, pattern):
            raise NotFound(
                f"repo {repo!r} has no retention rule {pattern!r}",
                hint=f"see `datavc retention list {repo}`",
            )


def list_rules(vs: VersionedStore, repo: str | None = None) -> list[RetentionRule]:
    """The rules of one repo, or of all.

    Raises:
        NotFound: there is no such repo.
    """
    with vs.db.read() as conn:
        return rows.list_rules(conn, None if repo is None else find_repo(conn, repo).id)


def find_expired(conn: Connection, *, now: int, unreachable_keep_s: int) -> list[str]:
    """Ids of the commits whose content nothing keeps any more.

    Others commit meanwhile, and each statement may see more than the one before. So commits are
    listed first, and what keeps them is looked up in the order in which it is handed on: from an
    event to a job, from a job to a head, from a head to the ref log.
    """
    candidates = rows.unexpired(conn, now)
    kept = _kept(conn, now, now - unreachable_keep_s * 1_000_000)
    return [commit for commit in candidates if commit not in kept]


def _kept(conn: Connection, now: int, moved_since: int) -> set[str]:
    """Walks back from every ref. A branch under a rule leads only as far as its rule allows."""
    rules = [(rule.repo, Glob(rule.pattern), rule.keep_s) for rule in rows.list_rules(conn)]
    #: How far back each commit's ancestors are kept already; smaller is further.
    reached: dict[str, int] = {}
    at_work = rows.at_work(conn)
    heads = rows.heads(conn)
    frontier = dict.fromkeys(at_work | rows.named(conn, moved_since), _NO_LIMIT)
    for repo, branch, head in heads:
        limits = [keep for of, glob, keep in rules if of == repo and glob.match(branch) is not None]
        since = now - min(limits) * 1_000_000 if limits else _NO_LIMIT
        frontier[head] = min(since, frontier.get(head, since))
    while frontier:
        reached.update(frontier)
        frontier = _step(rows.parents(conn, list(frontier)), frontier, reached)
    return set(reached)


def _step(
    edges: Iterable[tuple[str, str, int]], frontier: dict[str, int], reached: dict[str, int]
) -> dict[str, int]:
    following: dict[str, int] = {}
    for child, parent, time_us in edges:
        since = frontier[child]
        known = min(reached.get(parent, _NEVER), following.get(parent, _NEVER))
        if time_us >= since and since < known:
            following[parent] = since
    return following
