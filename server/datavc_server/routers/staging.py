"""Staging: change sets that wait for the commit."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, status
from sqlalchemy import Connection

from datavc.access import quotas
from datavc.client.wire import RecordBody
from datavc.model.repo import Reset, StagedChange
from datavc.versioning import reset, staging
from datavc_server.change_set_check import check_change_set
from datavc_server.paging import Items
from datavc_server.repeated_request import IdempotencyKey, Remember, do_once
from datavc_server.state import Author, Branch, Repo, State

router = APIRouter(prefix="/repos/{repo}/branches/{branch}/staging", tags=["staging"])


@router.get("")
def list_staged(repo: Repo, branch: Branch, state: State) -> Items[StagedChange]:
    """What is staged on a branch, oldest first."""
    return Items(items=staging.list_staged(state.vs, repo, branch))


@router.get("/records")
def staged_records(repo: Repo, branch: Branch, state: State) -> Items[RecordBody]:
    """Where the staged change sets lie, oldest first."""
    found = staging.staged_records(state.vs, repo, branch)
    return Items(items=[RecordBody.of(one) for one in found])


@router.delete("")
def reset_staging(
    repo: Repo,
    branch: Branch,
    state: State,
    author: Author,
    path: Annotated[str, Query(description="Only this file, or this folder with all below.")] = "",
) -> Reset:
    """Drop what is staged; what others stage meanwhile stays."""
    return reset.reset_staging(state.vs, repo, branch, path, author=author)


@router.post("", status_code=status.HTTP_201_CREATED)
def stage(
    repo: Repo,
    branch: Branch,
    change_set: RecordBody,
    state: State,
    author: Author,
    idempotency_key: IdempotencyKey = None,
) -> StagedChange:
    """Put a change set that was stored in a registered pack behind what is staged."""

    def act(remember: Remember) -> StagedChange:
        def extra(conn: Connection, staged: StagedChange) -> None:
            remember(conn, {"staged": msgspec.to_builtins(staged)})

        record = check_change_set(state.vs, change_set.record())
        quotas.check_bytes(state.vs.db, repo, record.bytes)
        return staging.stage(state.vs, repo, branch, record, author=author, extra=extra)

    def repeat(answer: dict[str, object]) -> StagedChange:
        return msgspec.convert(answer["staged"], StagedChange)

    request = msgspec.json.encode(["stage", repo, branch, change_set, author])
    return do_once(state.vs, idempotency_key, request, act, repeat)
