"""Which commits' content is kept, and giving up that of the others."""

from __future__ import annotations

import sqlite3
from contextlib import closing

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
    with closing(sqlite3.connect("", isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode=OFF")
        file.execute("CREATE TABLE candidates (id TEXT PRIMARY KEY) WITHOUT ROWID")
        for page in rows.unexpired(conn, now):
            file.executemany("INSERT INTO candidates VALUES (?)", ((one,) for one in page))
        for page in rows.led_to(conn, _starts(conn, now, now - unreachable_keep_s * 1_000_000)):
            file.executemany("DELETE FROM candidates WHERE id = ?", ((one,) for one in page))
        return [commit for (commit,) in file.execute("SELECT id FROM candidates")]


def _starts(conn: Connection, now: int, moved_since: int) -> dict[str, int]:
    """What keeps commits, and how far back; a branch under a rule leads as far as that allows."""
    rules = [(rule.repo, Glob(rule.pattern), rule.keep_s) for rule in rows.list_rules(conn)]
    at_work = rows.at_work(conn)
    heads = rows.heads(conn)
    starts = dict.fromkeys(at_work | rows.named(conn, moved_since), _NO_LIMIT)
    for repo, branch, head in heads:
        limits = [keep for of, glob, keep in rules if of == repo and glob.match(branch) is not None]
        since = now - min(limits) * 1_000_000 if limits else _NO_LIMIT
        starts[head] = min(since, starts.get(head, since))
    return starts
