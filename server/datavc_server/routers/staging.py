"""Staging: change sets that wait for the commit."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Query, status
from sqlalchemy import Connection

from datavc.access import quotas
from datavc.client.wire import RecordBody
from datavc.model.repo import Reset, StagedChange
from datavc.versioning import reset, staging
from datavc_server.change_set_check import check_change_set
from datavc_server.paging import Items, Page, page_list
from datavc_server.repeated_request import IdempotencyKey, Remember, do_once
from datavc_server.state import Author, Branch, Cursor, Limit, Repo, State
from datavc_server.write_record import note_files

#: A change set as a client that has stored one names it.
RECORD_EXAMPLE = {
    "digest": "9f" * 32,
    "pack": "4a" * 16,
    "offset": 1048576,
    "length": 412,
    "puts": 3,
    "removals": 1,
    "bytes": 73210,
}

router = APIRouter(prefix="/repos/{repo}/branches/{branch}/staging", tags=["staging"])


@router.get("")
def list_staged(
    repo: Repo, branch: Branch, state: State, limit: Limit = 1000, cursor: Cursor = None
) -> Page[StagedChange]:
    """What is staged on a branch, oldest first."""
    return page_list(
        staging.list_staged(state.vs, repo, branch), limit, cursor, lambda one: f"{one.id:020d}"
    )


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
    change_set: Annotated[RecordBody, Body(examples=[RECORD_EXAMPLE])],
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
        staged = staging.stage(state.vs, repo, branch, record, author=author, extra=extra)
        note_files(state, record.bytes, 0)
        return staged

    def repeat(answer: dict[str, object]) -> StagedChange:
        return msgspec.convert(answer["staged"], StagedChange)

    request = msgspec.json.encode(["stage", repo, branch, change_set, author])
    return do_once(state.vs, idempotency_key, request, act, repeat)
