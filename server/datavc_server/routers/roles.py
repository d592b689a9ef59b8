"""Who has which role, and where."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field, Strict

from datavc.access import roles
from datavc.db.role_bindings import Place
from datavc.model.account import Holder, RoleBinding
from datavc.model.role import Grant, make_grant
from datavc_server.asking import Asker, Asking
from datavc_server.body_model import BodyModel
from datavc_server.paging import Page, decode_name, no_cursor, page_of
from datavc_server.state import Cursor, Limit, State

router = APIRouter(prefix="/auth/roles", tags=["access"])

#: How many names there are in a role's place, before its row.
_NAMES = 4
#: Digits that any number of a row has at most.
_LONGEST_ROW = 18


class Binding(BodyModel):
    """A role of an account or a group, in some repos and on some branches."""

    holder_kind: Annotated[Holder, Strict(False)] = Field(
        default=Holder.ACCOUNT, description="Whether it is an account or a group."
    )
    holder: str = Field(description="Its name.", examples=["ada@example.com"])
    role: str = Field(
        description="`reader`, `writer`, `maintainer` or `admin`.", examples=["writer"]
    )
    place: str = Field(
        default="*",
        description="`REPOS` or `REPOS@BRANCHES`; `*` stands for any characters, `?` for one.",
        examples=["team-*", "images@feature/*"],
    )


@router.get("")
def list_roles(
    state: State, asker: Asker, limit: Limit = 1000, cursor: Cursor = None
) -> Page[RoleBinding]:
    """The roles that one may know of: one's own, and those where one may say who does what."""
    found = roles.list_roles(state.vs.db, asker.caller, _place(cursor))
    page = page_of(found, limit, lambda one: "\n".join(map(str, one[0])))
    return Page(items=[binding for _, binding in page.items], next=page.next)


@router.post("", status_code=status.HTTP_204_NO_CONTENT)
def grant_role(new: Binding, state: State, asker: Asker) -> None:
    """Give a role. Admins of one repo give roles in just that one."""
    grant = _note(asker, make_grant(new.role, new.place))
    roles.grant_role(state.vs.db, asker.caller, new.holder_kind, new.holder, grant)


@router.delete("", status_code=status.HTTP_204_NO_CONTENT)
def revoke_role(old: Annotated[Binding, Query()], state: State, asker: Asker) -> None:
    """Take a role away, from the next request on."""
    grant = _note(asker, make_grant(old.role, old.place))
    roles.revoke_role(state.vs.db, asker.caller, old.holder_kind, old.holder, grant)


def _place(cursor: str | None) -> Place | None:
    """Where the page before has ended.

    Raises:
        InvalidInput: no page has given the cursor.
    """
    if cursor is None:
        return None
    *names, row = decode_name(cursor).split("\n")
    if len(names) != _NAMES or not row.isdecimal() or len(row) > _LONGEST_ROW:
        raise no_cursor(cursor)
    kind, holder, repos, branches = names
    return kind, holder, repos, branches, int(row)


def _note(asker: Asking, grant: Grant) -> Grant:
    asker.facts.repo, asker.facts.branch = grant.repos, grant.branches
    return grant
