"""Repos and the ref log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field

from datavc.access import quotas
from datavc.model.repo import RefMove, RepoInfo
from datavc.versioning import branches, repos
from datavc_server.asking import Asker
from datavc_server.body_model import BodyModel
from datavc_server.paging import Page, decode_cursor, no_cursor, page_list, page_of
from datavc_server.state import Author, Cursor, Limit, Repo, State

router = APIRouter(prefix="/repos", tags=["repos"])


class NewRepo(BodyModel):
    """A repo to be created."""

    name: str = Field(examples=["images"])
    description: str = Field(default="", examples=["Photos of the cameras at the gate"])


@router.get("")
def list_repos(
    state: State, asker: Asker, limit: Limit = 1000, cursor: Cursor = None
) -> Page[RepoInfo]:
    """All repos that the account may read, by name."""
    found = asker.readable(repos.list_repos(state.vs), lambda one: one.name)
    return page_list(found, limit, cursor, lambda one: one.name)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_repo(new: NewRepo, state: State, author: Author, asker: Asker) -> RepoInfo:
    """Create an empty repo with the branch `main`; it counts towards the account's limits."""
    asker.require_new(new.name)
    quotas.check_new_repo(state.vs.db, asker.caller)
    made = repos.create_repo(state.vs, new.name, author=author, description=new.description)
    quotas.own_repo(state.vs.db, asker.caller, new.name)
    return made


@router.get("/{repo}")
def get_repo(repo: Repo, state: State) -> RepoInfo:
    """One repo."""
    return repos.get_repo(state.vs, repo)


@router.delete("/{repo}", status_code=status.HTTP_204_NO_CONTENT)
def delete_repo(
    repo: Repo,
    state: State,
    author: Author,
    force: Annotated[bool, Query(description="Even if a pipeline reads it.")] = False,
) -> None:
    """Delete a repo with its branches, tags and commits."""
    repos.delete_repo(state.vs, repo, author=author, force=force)


@router.get("/{repo}/ref-log")
def ref_log(
    repo: Repo,
    state: State,
    name: Annotated[str | None, Query(description="Only this branch or tag.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[RefMove]:
    """How refs moved, newest first."""
    place = decode_cursor(cursor)
    if place and not place.isdecimal():
        raise no_cursor(cursor)
    before = int(place) if place else None
    found = branches.numbered_moves(state.vs, repo, name, limit + 1, before)
    page = page_of(iter(found), limit, lambda line: str(line[0]))
    return Page(items=[move for _, move in page.items], next=page.next)
