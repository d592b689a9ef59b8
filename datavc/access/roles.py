"""Giving roles to accounts and groups, and taking them away."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from datavc.access.batches import BATCH, in_batches
from datavc.access.caller import Caller, may
from datavc.access.pipeline_account import check_grant
from datavc.db import accounts, groups, role_bindings
from datavc.db.clock import now_us
from datavc.db.role_bindings import Place
from datavc.db.session import Database
from datavc.errors import AccessDenied, NotFound
from datavc.model.account import Holder, RoleBinding
from datavc.model.role import Action, Grant


def grant_role(db: Database, caller: Caller, kind: Holder, holder: str, grant: Grant) -> None:
    """Give a role to an account or a group, which may have it already.

    Raises:
        NotFound: there is no such account or group.
        AccessDenied: *caller* may not say who does what there.
        InvalidInput: the account is a pipeline's, and its spec does not need that.
    """
    _check(caller, grant)
    with db.write() as conn:
        account_id, group = _holder(conn, kind, holder)
        if kind is Holder.ACCOUNT:
            check_grant(conn, holder, grant)
        role_bindings.add(
            conn,
            grant,
            account_id=account_id,
            group=group,
            author=caller.account,
            time_us=now_us(),
        )


def revoke_role(db: Database, caller: Caller, kind: Holder, holder: str, grant: Grant) -> None:
    """Take a role away, from the next request on.

    Raises:
        NotFound: there is no such account or group, or it does not have that role there.
        AccessDenied: *caller* may not say who does what there.
    """
    _check(caller, grant)
    with db.write() as conn:
        account_id, group = _holder(conn, kind, holder)
        if not role_bindings.remove(conn, grant, account_id=account_id, group=group):
            raise NotFound(
                f"{kind.value} {holder!r} was not given {grant}",
                hint="see `datavc auth role list`",
            )


def list_roles(
    db: Database, caller: Caller, after: Place | None = None, batch: int = BATCH
) -> Iterator[tuple[Place, RoleBinding]]:
    """The roles that *caller* may know of: its own, and those where it may say who does what.

    Args:
        db: where.
        caller: who asks.
        after: the place that the first one comes after; ``None`` begins with the first of all.
        batch: so many are read at once.
    """
    found = in_batches(
        lambda last: _roles_past(db, after if last is None else last[0], batch), batch
    )
    return (one for one in found if _may_know(caller, one[1]))


def _roles_past(db: Database, after: Place | None, limit: int) -> list[tuple[Place, RoleBinding]]:
    with db.read() as conn:
        return role_bindings.list_page(conn, after, limit)


def _may_know(caller: Caller, binding: RoleBinding) -> bool:
    if binding.holder_kind is Holder.ACCOUNT and binding.holder == caller.account:
        return True
    if binding.holder_kind is Holder.GROUP and binding.holder in caller.groups:
        return True
    return may(caller, Action.ADMINISTER, _repo_of(binding.repos))


def _repo_of(pattern: str) -> str | None:
    return None if set("*?") & set(pattern) else pattern


def _check(caller: Caller, grant: Grant) -> None:
    """Admins of one repo give roles in just that one; all others are given by those of all."""
    if not may(caller, Action.ADMINISTER, grant.repo):
        raise AccessDenied(
            f"account {caller.account!r} may not say who does what in {grant.repos!r}",
            hint="ask an admin of all repos",
        )


def _holder(conn: Connection, kind: Holder, name: str) -> tuple[int | None, str | None]:
    if kind is Holder.ACCOUNT:
        return accounts.id_of(conn, name), None
    groups.check(conn, name)
    return None, name
