"""Who has which role, and where."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field, Strict

from datavc.access import roles
from datavc.model.account import Holder, RoleBinding
from datavc.model.role import Grant, make_grant
from datavc_server.asking import Asker, Asking
from datavc_server.body_model import BodyModel
from datavc_server.paging import Items
from datavc_server.state import State

router = APIRouter(prefix="/auth/roles", tags=["access"])


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
def list_roles(state: State, asker: Asker) -> Items[RoleBinding]:
    """The roles that one may know of: one's own, and those where one may say who does what."""
    return Items(items=roles.list_roles(state.vs.db, asker.caller))


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


def _note(asker: Asking, grant: Grant) -> Grant:
    asker.facts.repo, asker.facts.branch = grant.repos, grant.branches
    return grant
