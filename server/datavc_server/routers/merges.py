"""Merges, reverts and cherry-picks."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from datavc.access import quotas
from datavc.client.wire import RecordBody
from datavc.model.merge_decisions import Decisions
from datavc.model.merge_info import MergeInfo
from datavc.model.role import Action
from datavc.model.tree.clash import MergeStrategy
from datavc.versioning import merges
from datavc_server.asking import Asker
from datavc_server.change_set_check import check_change_set
from datavc_server.state import Author, Branch, Repo, State

router = APIRouter(prefix="/repos/{repo}/branches/{branch}", tags=["commits"])


class _Bringing(BaseModel):
    message: str = Field(default="", description="Of the new commit; else one that says it all.")
    strategy: MergeStrategy | None = Field(
        default=None,
        description="Whose side is taken where both changed a path that is not named below; "
        "without one nothing is done.",
    )
    ours: list[str] = Field(
        default=[],
        description="Files, folders and globs of which the branch's side is taken.",
        examples=[["labels.csv"]],
    )
    theirs: list[str] = Field(
        default=[],
        description="Those of which the side is taken that is brought in.",
        examples=[["images/*.png"]],
    )
    content: RecordBody | None = Field(
        default=None, description="A stored change set of files to take instead of either side."
    )

    def decisions(self, state: State) -> Decisions:
        """What becomes of conflicts.

        Raises:
            RefusedUpload: the change set is not whole.
        """
        content = self.content
        record = None if content is None else check_change_set(state.vs, content.record())
        return Decisions(self.strategy, tuple(self.ours), tuple(self.theirs), record)


class NewMerge(_Bringing):
    """A merge to be made."""

    source: str = Field(description="A ref in the same repo.", examples=["experiment"])
    fast_forward: bool = Field(
        default=True, description="Move the branch where it has nothing of its own."
    )


class NewRevert(_Bringing):
    """A commit to be taken back."""

    ref: str = Field(description="The commit.", examples=["main~1"])
    mainline: int | None = Field(
        default=None, description="Which parent (1 = first) a merge commit is compared with."
    )


class NewCherryPick(NewRevert):
    """A commit to be done again."""

    repo: str = Field(description="The repo that the commit is in.")


@router.post("/merges")
def merge(repo: Repo, branch: Branch, new: NewMerge, state: State, author: Author) -> MergeInfo:
    """Bring what a ref has changed into a branch.

    With the outcome `conflict` nothing was changed, and those of `conflicts` that have no `decided`
    tell why.
    """
    quotas.check_bytes(state.vs.db, repo, 0)
    return merges.merge(
        state.vs,
        repo,
        new.source,
        branch,
        author=author,
        message=new.message,
        decisions=new.decisions(state),
        fast_forward=new.fast_forward,
    )


@router.post("/reverts")
def revert(repo: Repo, branch: Branch, new: NewRevert, state: State, author: Author) -> MergeInfo:
    """Take back on a branch what one commit has changed."""
    return merges.revert(
        state.vs,
        repo,
        branch,
        new.ref,
        author=author,
        message=new.message,
        decisions=new.decisions(state),
        mainline=new.mainline,
    )


@router.post("/cherry-picks")
def cherry_pick(
    repo: Repo, branch: Branch, new: NewCherryPick, state: State, author: Author, asker: Asker
) -> MergeInfo:
    """Do on a branch what one commit, of this or of another repo, has changed there."""
    asker.require(Action.READ, new.repo)
    quotas.check_bytes(state.vs.db, repo, 0)
    return merges.cherry_pick(
        state.vs,
        repo,
        branch,
        new.repo,
        new.ref,
        author=author,
        message=new.message,
        decisions=new.decisions(state),
        mainline=new.mainline,
    )
