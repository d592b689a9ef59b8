"""Commits: making them, and looking at them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from datavc.access import quotas
from datavc.client.wire import TreeBody
from datavc.model.commit_info import CommitInfo, Lineage
from datavc.model.log_filter import LogFilter
from datavc.model.merge_info import MergeBase
from datavc.model.name import clean_prefix
from datavc.versioning import commits, history, lineage, resolve
from datavc.versioning.filtered_log import filtered_log
from datavc.versioning.merge_base import find_merge_base
from datavc_server.asking import Asker
from datavc_server.body_model import BodyModel, StoredChangeSet
from datavc_server.change_set_check import check_change_set
from datavc_server.entity_tag import (
    CONDITIONAL,
    UNCHANGED,
    IfMatch,
    IfNoneMatch,
    required_head,
    tag_of_head,
    unless_known,
)
from datavc_server.paging import Page
from datavc_server.repeated_request import IdempotencyKey, Remember, do_once
from datavc_server.state import Author, Branch, Ref, Repo, State
from datavc_server.write_record import note_commit, note_files

router = APIRouter(prefix="/repos/{repo}", tags=["commits"])


class NewCommit(BodyModel):
    """A commit to be made."""

    message: str = Field(default="", examples=["Photos of March"])
    allow_empty: bool = Field(default=False, description="Even if nothing changes.")
    change_set: StoredChangeSet | None = Field(
        default=None,
        description="Commit this stored change set alone, rather than all that is staged.",
    )
    expected_head: str | None = Field(
        default=None,
        description="The head that the branch must have; empty for none.",
    )


class LogQuery(BaseModel):
    """Which commits of a history are asked for."""

    limit: int = Field(default=100, ge=1, le=10_000, description="Most items in the answer.")
    cursor: str | None = Field(
        default=None, description="`next` of the page before; without it, the first page."
    )
    path: str = Field(default="", description="A file, folder or glob that they changed.")
    author: str = Field(default="", description="A part of the author's name.")
    text: str = Field(default="", description="A part of the message.")
    since: str = Field(
        default="", description="Made then or later.", examples=["2 days ago", "2026-11-01"]
    )
    until: str = Field(default="", description="Made then or before.", examples=["yesterday"])
    without: str = Field(default="", description="A ref: leave out all that it leads to.")

    def filter(self) -> LogFilter:
        """What is asked for, apart from pages."""
        return LogFilter(
            clean_prefix(self.path), self.author, self.text, self.since, self.until, self.without
        )


@router.post(
    "/branches/{branch}/commits", status_code=status.HTTP_201_CREATED, responses=CONDITIONAL
)
def commit(
    repo: Repo,
    branch: Branch,
    new: NewCommit,
    state: State,
    author: Author,
    idempotency_key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> CommitInfo:
    """Commit what is staged on a branch, or one change set and nothing else.

    Pipelines that the commit feeds start by themselves; `GET /runs/{run_id}` follows them.
    """
    vs = state.vs

    def act(remember: Remember) -> CommitInfo:
        with required_head(state, repo, branch, if_match) as head:
            return make(remember, new.expected_head if head is None else head)

    def make(remember: Remember, expected_head: str | None) -> CommitInfo:
        def extra(conn: Connection, commit_id: str) -> None:
            remember(conn, {"commit": commit_id})

        if new.change_set is None:
            made = commits.commit_staged(
                vs,
                repo,
                branch,
                message=new.message,
                author=author,
                allow_empty=new.allow_empty,
                expected_head=expected_head,
                extra=extra,
            )
        else:
            record = check_change_set(vs, new.change_set.record())
            quotas.check_bytes(vs.db, repo, record.bytes)
            made = commits.commit_changes(
                vs,
                repo,
                branch,
                record,
                message=new.message,
                author=author,
                allow_empty=new.allow_empty,
                expected_head=expected_head,
                extra=extra,
            )
            note_files(state, new.change_set.bytes, 0)
        note_commit(state, repo, branch, made.id, made.run_id)
        return made

    def repeat(answer: dict[str, object]) -> CommitInfo:
        return resolve.get_commit(vs, repo, str(answer["commit"]))

    asked = ["commit", repo, branch, new.message, new.allow_empty, new.change_set, author]
    return do_once(vs, idempotency_key, msgspec.json.encode(asked), act, repeat)


@router.get("/refs/{ref}", response_model=CommitInfo, responses=UNCHANGED)
def get_commit(
    repo: Repo, ref: Ref, state: State, response: Response, if_none_match: IfNoneMatch = None
) -> CommitInfo | Response:
    """The commit that a ref stands for; its id is the `ETag`."""
    found = resolve.get_commit(state.vs, repo, ref)
    return unless_known(response, if_none_match, tag_of_head(found.id)) or found


@router.get("/refs/{ref}/merge-base")
def get_merge_base(
    repo: Repo,
    ref: Ref,
    state: State,
    other: Annotated[str, Query(description="A ref, too.", examples=["experiment"])],
) -> MergeBase:
    """The newest commit that both refs come from."""
    return MergeBase(find_merge_base(state.vs, repo, ref, other))


@router.get("/refs/{ref}/tree")
def get_tree(repo: Repo, ref: Ref, state: State) -> TreeBody:
    """The tree that a ref stands for, and where its root lies."""
    return TreeBody.of(resolve.get_tree(state.vs, repo, ref))


@router.get("/refs/{ref}/log")
def log(
    repo: Repo,
    ref: Ref,
    state: State,
    wanted: Annotated[LogQuery, Query()],
) -> Page[CommitInfo]:
    """A commit and its first parents, newest first; those alone that meet all that is set."""
    limit = wanted.limit
    # A commit's own id is the best cursor: whatever lands meanwhile, it stays where it is.
    start = wanted.cursor or ref
    asked = wanted.filter()
    if asked.is_empty:
        items = list(history.log(state.vs, repo, start, limit))
    else:
        items = list(filtered_log(state.vs, repo, start, asked, limit))
    is_last = len(items) < limit or not items[-1].parents
    return Page(items=items, next=None if is_last else items[-1].parents[0])


@router.get("/refs/{ref}/lineage")
def get_lineage(
    repo: Repo,
    ref: Ref,
    state: State,
    asker: Asker,
    direction: Annotated[
        Literal["upstream", "downstream"],
        Query(description="What the commit was made from, or what was made from it."),
    ] = "upstream",
) -> Lineage:
    """The provenance of a commit, at any depth; in the repos that the account may read."""
    found = lineage.lineage(state.vs, repo, ref, direction)
    seen = asker.readable(found.commits, lambda commit: commit.repo)
    if len(seen) == len(found.commits):
        return found
    ids = {commit.id for commit in seen}
    edges = (edge for edge in found.edges if {edge.upstream, edge.downstream} <= ids)
    return Lineage(found.commit, found.direction, tuple(seen), tuple(edges))
