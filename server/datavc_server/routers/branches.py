"""Branches."""

from __future__ import annotations

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from datavc.model.repo import BranchInfo
from datavc.model.role import Action
from datavc.versioning import branches
from datavc_server.asking import Asker
from datavc_server.paging import Items
from datavc_server.state import Author, Branch, Repo, State

router = APIRouter(prefix="/repos/{repo}/branches", tags=["branches"])


class NewBranch(BaseModel):
    """A branch to be created."""

    name: str = Field(examples=["experiment"])
    start: str | None = Field(
        default=None,
        description="The ref to start at; without one it has no commit.",
        examples=["main"],
    )


class BranchMove(BaseModel):
    """Where a branch is to point."""

    target: str = Field(description="A ref in the same repo.", examples=["main~1"])
    expected: str | None = Field(
        default=None, description="The ref that it must stand at, or else nothing is moved."
    )


@router.get("")
def list_branches(repo: Repo, state: State) -> Items[BranchInfo]:
    """A repo's branches, by name."""
    return Items(items=branches.list_branches(state.vs, repo))


@router.post("", status_code=status.HTTP_201_CREATED)
def create_branch(
    repo: Repo, new: NewBranch, state: State, author: Author, asker: Asker
) -> BranchInfo:
    """Create a branch."""
    asker.require(Action.WRITE, repo, new.name)
    return branches.create_branch(state.vs, repo, new.name, author=author, start=new.start)


@router.get("/{branch}")
def get_branch(repo: Repo, branch: Branch, state: State) -> BranchInfo:
    """One branch."""
    return branches.get_branch(state.vs, repo, branch)


@router.patch("/{branch}")
def move_branch(
    repo: Repo, branch: Branch, move: BranchMove, state: State, author: Author
) -> BranchInfo:
    """Point a branch at another commit, forwards or backwards."""
    return branches.move_branch(
        state.vs, repo, branch, move.target, author=author, expected=move.expected
    )


@router.delete("/{branch}", status_code=status.HTTP_204_NO_CONTENT)
def delete_branch(repo: Repo, branch: Branch, state: State, author: Author) -> None:
    """Delete a branch with its staging; its commits stay."""
    branches.delete_branch(state.vs, repo, branch, author=author)
