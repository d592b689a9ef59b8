"""Branches."""

from __future__ import annotations

from fastapi import APIRouter, Response, status
from pydantic import Field

from datavc.model.repo import BranchInfo
from datavc.model.role import Action
from datavc.versioning import branches
from datavc_server.asking import Asker
from datavc_server.body_model import BodyModel
from datavc_server.entity_tag import (
    CONDITIONAL,
    UNCHANGED,
    IfMatch,
    IfNoneMatch,
    required_head,
    tag_of_head,
    unless_known,
)
from datavc_server.paging import Page, page_list
from datavc_server.state import Author, Branch, Cursor, Limit, Repo, State

router = APIRouter(prefix="/repos/{repo}/branches", tags=["branches"])


class NewBranch(BodyModel):
    """A branch to be created."""

    name: str = Field(examples=["experiment"])
    start: str | None = Field(
        default=None,
        description="The ref to start at; without one it has no commit.",
        examples=["main"],
    )


class BranchMove(BodyModel):
    """Where a branch is to point."""

    target: str = Field(description="A ref in the same repo.", examples=["main~1"])
    expected: str | None = Field(
        default=None, description="The ref that it must stand at, or else nothing is moved."
    )


@router.get("")
def list_branches(
    repo: Repo, state: State, limit: Limit = 1000, cursor: Cursor = None
) -> Page[BranchInfo]:
    """A repo's branches, by name."""
    return page_list(branches.list_branches(state.vs, repo), limit, cursor, lambda one: one.name)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_branch(
    repo: Repo, new: NewBranch, state: State, author: Author, asker: Asker
) -> BranchInfo:
    """Create a branch."""
    asker.require(Action.WRITE, repo, new.name)
    return branches.create_branch(state.vs, repo, new.name, author=author, start=new.start)


@router.get("/{branch}", response_model=BranchInfo, responses=UNCHANGED)
def get_branch(
    repo: Repo,
    branch: Branch,
    state: State,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> BranchInfo | Response:
    """One branch. Its `ETag` is of its head: send it as `If-Match` to change just that."""
    found = branches.get_branch(state.vs, repo, branch)
    return unless_known(response, if_none_match, tag_of_head(found.head)) or found


@router.patch("/{branch}", responses=CONDITIONAL)
def move_branch(
    repo: Repo,
    branch: Branch,
    move: BranchMove,
    state: State,
    author: Author,
    response: Response,
    if_match: IfMatch = None,
) -> BranchInfo:
    """Point a branch at another commit, forwards or backwards."""
    with required_head(state, repo, branch, if_match) as head:
        moved = branches.move_branch(
            state.vs,
            repo,
            branch,
            move.target,
            author=author,
            expected=move.expected if head is None else head,
        )
    response.headers["ETag"] = tag_of_head(moved.head)
    return moved


@router.delete("/{branch}", status_code=status.HTTP_204_NO_CONTENT, responses=CONDITIONAL)
def delete_branch(
    repo: Repo, branch: Branch, state: State, author: Author, if_match: IfMatch = None
) -> None:
    """Delete a branch with its staging; its commits stay."""
    with required_head(state, repo, branch, if_match) as head:
        branches.delete_branch(state.vs, repo, branch, author=author, expected=head)
