"""Groups of accounts."""

from __future__ import annotations

from fastapi import APIRouter, status
from pydantic import Field

from datavc.access import accounts
from datavc.model.account import GroupInfo
from datavc_server.body_model import BodyModel
from datavc_server.paging import Page, decode_name, page_of
from datavc_server.state import AccountName, Author, Cursor, GroupName, Limit, State

router = APIRouter(prefix="/auth/groups", tags=["access"])


class NewGroup(BodyModel):
    """A group to be made."""

    name: str = Field(examples=["labellers"])


@router.get("")
def list_groups(state: State, limit: Limit = 1000, cursor: Cursor = None) -> Page[GroupInfo]:
    """All groups with their members, by name."""
    found = accounts.list_groups(state.vs.db, decode_name(cursor), limit + 1)
    return page_of(found, limit, lambda one: one.name)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_group(new: NewGroup, state: State, author: Author) -> GroupInfo:
    """Make an empty group."""
    return accounts.create_group(state.vs.db, new.name, author=author)


@router.delete("/{group}", status_code=status.HTTP_204_NO_CONTENT)
def delete_group(group: GroupName, state: State) -> None:
    """Delete a group with its roles; its members stay."""
    accounts.delete_group(state.vs.db, group)


@router.put("/{group}/members/{account}", status_code=status.HTTP_204_NO_CONTENT)
def add_member(group: GroupName, account: AccountName, state: State) -> None:
    """Put an account into a group."""
    accounts.add_member(state.vs.db, group, account)


@router.delete("/{group}/members/{account}", status_code=status.HTTP_204_NO_CONTENT)
def remove_member(group: GroupName, account: AccountName, state: State) -> None:
    """Take an account out of a group."""
    accounts.remove_member(state.vs.db, group, account)
