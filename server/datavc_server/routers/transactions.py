"""Committing several branches at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from fastapi import APIRouter, status
from pydantic import Field
from sqlalchemy import Connection

from datavc.model.commit_info import CommitInfo
from datavc.model.role import Action
from datavc.versioning import resolve
from datavc.versioning.transactions import commit_together
from datavc_server.asking import Asker
from datavc_server.body_model import BodyModel
from datavc_server.paging import Items
from datavc_server.repeated_request import IdempotencyKey, Remember, do_once
from datavc_server.state import Author, State
from datavc_server.write_record import note_commit

router = APIRouter(tags=["commits"])


class Target(BodyModel):
    """A branch to be committed."""

    repo: str = Field(examples=["images"])
    branch: str = Field(examples=["main"])


class NewTransaction(BodyModel):
    """Branches to be committed at once, or not at all."""

    targets: list[Target] = Field(
        min_length=1,
        max_length=1000,
        description="Each branch once.",
        examples=[[{"repo": "images", "branch": "main"}, {"repo": "labels", "branch": "main"}]],
    )
    message: str = Field(default="", examples=["March"])
    allow_empty: bool = Field(default=False, description="Also where nothing is staged.")


@router.post("/transactions", status_code=status.HTTP_201_CREATED)
def commit_all(
    new: NewTransaction,
    state: State,
    author: Author,
    asker: Asker,
    idempotency_key: IdempotencyKey = None,
) -> Items[CommitInfo]:
    """Commit what is staged on several branches, of any repos, at once or not at all."""
    vs = state.vs
    targets = [(one.repo, one.branch) for one in new.targets]
    for target_repo, target_branch in targets:
        asker.require(Action.WRITE, target_repo, target_branch)

    def act(remember: Remember) -> list[CommitInfo]:
        def extra(conn: Connection, commits: Sequence[str]) -> None:
            remember(conn, {"commits": list(commits)})

        made = commit_together(
            vs,
            targets,
            message=new.message,
            author=author,
            allow_empty=new.allow_empty,
            extra=extra,
        )
        for (repo, branch), one in zip(targets, made, strict=True):
            note_commit(state, repo, branch, one.id, one.run_id)
        return made

    def repeat(answer: dict[str, object]) -> list[CommitInfo]:
        commits = msgspec.convert(answer["commits"], list[str])
        found = zip(sorted(targets), commits, strict=True)
        by_target = {target: resolve.get_commit(vs, target[0], one) for target, one in found}
        return [by_target[target] for target in targets]

    asked = ["transaction", targets, new.message, new.allow_empty, author]
    return Items(items=do_once(vs, idempotency_key, msgspec.json.encode(asked), act, repeat))
