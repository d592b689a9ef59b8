"""Repos and the ref log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import BaseModel, Field

from datavc.access import quotas
from datavc.model.repo import RefMove, RepoInfo
from datavc.versioning import branches, repos
from datavc_server.asking import Asker
from datavc_server.paging import Items
from datavc_server.state import Author, Limit, Repo, State

router = APIRouter(prefix="/repos", tags=["repos"])


class NewRepo(BaseModel):
    """A repo to be created."""

    name: str = Field(examples=["images"])
    description: str = ""


@router.get("")
def list_repos(state: State, asker: Asker) -> Items[RepoInfo]:
    """All repos that the account may read, by name."""
    return Items(items=asker.readable(repos.list_repos(state.vs), lambda repo: repo.name))


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
) -> Items[RefMove]:
    """How refs moved, newest first."""
    return Items(items=branches.list_moves(state.vs, repo, name, limit))
