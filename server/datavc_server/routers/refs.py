"""Refs: taking back what moved them, and keeping them from being moved."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, status
from pydantic import Field

from datavc.model.branch_trigger import BranchTrigger
from datavc.model.repo import Protection, Undone
from datavc.versioning import branch_triggers, protections
from datavc.versioning.undo import undo
from datavc_server.body_model import BodyModel
from datavc_server.paging import Page, page_list
from datavc_server.state import Author, Branch, Cursor, Limit, Repo, State

router = APIRouter(prefix="/repos/{repo}", tags=["branches"])


class NewProtection(BodyModel):
    """Branches to be protected."""

    pattern: str = Field(description="Glob over branch names.", examples=["release/*"])
    allow_commits: bool = Field(default=False, description="Forbid only moves and deletion.")


@router.post("/names/{branch}/undo")
def undo_move(repo: Repo, branch: Branch, state: State, author: Author) -> Undone:
    """Take back the last move of a branch or tag that was not taken back yet."""
    return undo(state.vs, repo, branch, author=author)


@router.get("/triggers")
def list_triggers(repo: Repo, state: State) -> dict[str, BranchTrigger]:
    """A repo's triggers, by the branch that they move."""
    return branch_triggers.list_triggers(state.vs, repo)


@router.put("/triggers/{branch}", status_code=status.HTTP_204_NO_CONTENT)
def set_trigger(
    repo: Repo,
    branch: Branch,
    trigger: Annotated[BranchTrigger, Body(examples=[{"source": "main", "commits": 10}])],
    state: State,
) -> None:
    """Let a branch follow another one."""
    branch_triggers.set_trigger(state.vs, repo, branch, trigger)


@router.delete("/triggers/{branch}", status_code=status.HTTP_204_NO_CONTENT)
def remove_trigger(repo: Repo, branch: Branch, state: State) -> None:
    """Let a branch stay where it is."""
    branch_triggers.remove_trigger(state.vs, repo, branch)


@router.get("/protections")
def list_protections(
    repo: Repo, state: State, limit: Limit = 1000, cursor: Cursor = None
) -> Page[Protection]:
    """A repo's protected branches."""
    return page_list(
        protections.list_protections(state.vs, repo), limit, cursor, lambda one: one.pattern
    )


@router.put("/protections")
def protect(repo: Repo, new: NewProtection, state: State, author: Author) -> Protection:
    """Let some branches be changed by merges only."""
    return protections.protect(
        state.vs, repo, new.pattern, author=author, allow_commits=new.allow_commits
    )


@router.delete("/protections", status_code=status.HTTP_204_NO_CONTENT)
def unprotect(
    repo: Repo,
    pattern: Annotated[str, Query(description="The protection's pattern.")],
    state: State,
) -> None:
    """Lift a protection."""
    protections.unprotect(state.vs, repo, pattern)
