"""Merges, reverts and cherry-picks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter
from pydantic import Field, Strict
from sqlalchemy import Connection

from datavc.access import quotas
from datavc.model.merge_decisions import Decisions
from datavc.model.merge_info import MergeInfo
from datavc.model.role import Action
from datavc.model.tree.clash import MergeStrategy
from datavc.versioning import merges, resolve
from datavc_server.asking import Asker
from datavc_server.body_model import BodyModel, StoredChangeSet
from datavc_server.change_set_check import check_change_set
from datavc_server.repeated_request import IdempotencyKey, Remember, do_once
from datavc_server.state import Author, Branch, Repo, ServerState, State
from datavc_server.write_record import note_commit

router = APIRouter(prefix="/repos/{repo}/branches/{branch}", tags=["commits"])


class _Bringing(BodyModel):
    message: str = Field(default="", description="Of the new commit; else one that says it all.")
    strategy: Annotated[MergeStrategy, Strict(False)] | None = Field(
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
    content: StoredChangeSet | None = Field(
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

    repo: str = Field(description="The repo that the commit is in.", examples=["images"])


@router.post("/merges")
def merge(
    repo: Repo,
    branch: Branch,
    new: NewMerge,
    state: State,
    author: Author,
    idempotency_key: IdempotencyKey = None,
) -> MergeInfo:
    """Bring what a ref has changed into a branch.

    With the outcome `conflict` nothing was changed, and those of `conflicts` that have no `decided`
    tell why.
    """

    def act(on_move: merges.OnMove) -> MergeInfo:
        return merges.merge(
            state.vs,
            repo,
            new.source,
            branch,
            author=author,
            message=new.message,
            decisions=new.decisions(state),
            fast_forward=new.fast_forward,
            on_move=on_move,
        )

    asked = ["merge", repo, branch, new.model_dump(mode="json"), author]
    return _bring_once(state, repo, branch, idempotency_key, asked, act)


@router.post("/reverts")
def revert(
    repo: Repo,
    branch: Branch,
    new: NewRevert,
    state: State,
    author: Author,
    idempotency_key: IdempotencyKey = None,
) -> MergeInfo:
    """Take back on a branch what one commit has changed."""

    def act(on_move: merges.OnMove) -> MergeInfo:
        return merges.revert(
            state.vs,
            repo,
            branch,
            new.ref,
            author=author,
            message=new.message,
            decisions=new.decisions(state),
            mainline=new.mainline,
            on_move=on_move,
        )

    asked = ["revert", repo, branch, new.model_dump(mode="json"), author]
    return _bring_once(state, repo, branch, idempotency_key, asked, act)


@router.post("/cherry-picks")
def cherry_pick(
    repo: Repo,
    branch: Branch,
    new: NewCherryPick,
    state: State,
    author: Author,
    asker: Asker,
    idempotency_key: IdempotencyKey = None,
) -> MergeInfo:
    """Do on a branch what one commit, of this or of another repo, has changed there."""
    asker.require(Action.READ, new.repo)

    def act(on_move: merges.OnMove) -> MergeInfo:
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
            on_move=on_move,
        )

    asked = ["cherry-pick", repo, branch, new.model_dump(mode="json"), author]
    return _bring_once(state, repo, branch, idempotency_key, asked, act)


def _bring_once(
    state: ServerState,
    repo: str,
    branch: str,
    key: str | None,
    asked: Sequence[object],
    act: Callable[[merges.OnMove], MergeInfo],
) -> MergeInfo:
    """Move a branch once, however often the request arrives."""

    def act_and_remember(remember: Remember) -> MergeInfo:
        def on_move(conn: Connection, moved: merges.Moved) -> None:
            remember(conn, msgspec.to_builtins(moved))

        quotas.check_bytes(state.vs.db, repo, 0)
        done = act(on_move)
        if done.commit is not None and done.run_id is not None:
            note_commit(state, repo, branch, done.commit.id, done.run_id)
        return done

    def repeat(answer: dict[str, object]) -> MergeInfo:
        moved = msgspec.convert(answer, merges.Moved)
        commit = resolve.get_commit(state.vs, repo, moved.commit)
        return MergeInfo(moved.outcome, commit, moved.conflicts, moved.run_id)

    return do_once(state.vs, key, msgspec.json.encode(asked), act_and_remember, repeat)
