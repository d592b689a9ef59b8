"""How much accounts may take: repos that they make, and bytes that those hold."""

from __future__ import annotations

from datavc.access.caller import Caller
from datavc.db import repo_owners
from datavc.db.session import Database
from datavc.errors import QuotaExceeded
from datavc.model.account import Usage


def check_new_repo(db: Database, caller: Caller) -> None:
    """Make sure that *caller* may make one more repo.

    Raises:
        QuotaExceeded: it has as many as it may.
    """
    limit = caller.limits.max_repos
    if limit is None or caller.account_id is None:
        return
    with db.read() as conn:
        taken = repo_owners.usage_of(conn, caller.account_id).repos
    if taken >= limit:
        raise QuotaExceeded(
            f"account {caller.account!r} has made {taken} repos, and may make {limit}",
            hint="delete one, or ask an admin for more",
        )


def own_repo(db: Database, caller: Caller, repo: str) -> None:
    """Let a new repo count towards its maker's limits."""
    if caller.account_id is not None:
        with db.write() as conn:
            repo_owners.add(conn, repo, caller.account_id)


def check_bytes(db: Database, repo: str, added: int) -> None:
    """Make sure that a repo's owner may have *added* bytes more.

    Raises:
        QuotaExceeded: it may not.
    """
    with db.read() as conn:
        owner = repo_owners.owner_of(conn, repo)
        if owner is None or owner[2].max_bytes is None:
            return
        used = repo_owners.usage_of(conn, owner[0]).bytes
    _check(owner[1], used, added, owner[2].max_bytes)


def room_for_upload(db: Database, caller: Caller) -> int | None:
    """How many bytes *caller* may still bring; ``None`` for any number."""
    limit = caller.limits.max_bytes
    return None if limit is None else max(0, limit - usage(db, caller).bytes)


def room_in_repo(db: Database, repo: str) -> int | None:
    """How many bytes a repo may still take by its owner's limits; ``None`` for any number."""
    with db.read() as conn:
        owner = repo_owners.owner_of(conn, repo)
        if owner is None or owner[2].max_bytes is None:
            return None
        return max(0, owner[2].max_bytes - repo_owners.usage_of(conn, owner[0]).bytes)


def usage(db: Database, caller: Caller) -> Usage:
    """What *caller* has taken of its limits."""
    if caller.account_id is None:
        return Usage(0, 0)
    with db.read() as conn:
        return repo_owners.usage_of(conn, caller.account_id)


def _check(account: str, used: int, added: int, limit: int) -> None:
    if used + added > limit:
        raise QuotaExceeded(
            f"account {account!r} has {used} bytes of {limit}, and {added} more do not fit",
            hint="remove files that are not needed, or ask an admin for more",
        )
