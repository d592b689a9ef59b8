"""Garbage collection, checks, usage and retention."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field

from datavc.errors import InvalidInput
from datavc.model.collection import (
    Collection,
    PurgeInfo,
    PurgeResult,
    RetentionRule,
    StoreCheck,
    Usage,
)
from datavc.model.name import clean_path
from datavc.model.role import Action
from datavc.versioning import fsck, gc, purge, retention, usage
from datavc.versioning.retention import UNREACHABLE_KEEP_S
from datavc_server.asking import Asker
from datavc_server.body_model import BodyModel
from datavc_server.paging import Page, newest_first, page_list
from datavc_server.state import Author, Cursor, Limit, Ref, Repo, State

router = APIRouter(tags=["space"])

_LONGEST_S = 100 * 365 * 24 * 3600


class NewCollection(BodyModel):
    """How garbage is to be collected."""

    grace_s: float = Field(
        default=gc.GRACE_S, ge=0, le=_LONGEST_S, description="Leave younger packs alone; seconds."
    )
    unreachable_keep_s: int = Field(
        default=UNREACHABLE_KEEP_S,
        ge=0,
        le=_LONGEST_S,
        description="Keep commits for so long after the last ref that led to them moved; seconds.",
    )
    dry_run: bool = Field(default=False, description="Remove nothing.")


class NewPurge(BodyModel):
    """Content to be removed from all history: what stood at a path, or one content."""

    repo: str = Field(default="", description="A repo, with a path.", examples=["people"])
    path: str = Field(default="", description="A file or folder of it.", examples=["ann.csv"])
    digest: str = Field(
        default="", pattern="^([0-9a-f]{64})?$", description="Or: a file's digest in hex."
    )
    reason: str = Field(default="", description="For the record.")
    dry_run: bool = Field(default=False, description="Remove nothing.")


class NewCheck(BodyModel):
    """How the store is to be checked."""

    deep: bool = Field(default=False, description="Read every byte.")
    repair: bool = Field(default=False, description="Put the deduplication index right.")


class NewRule(BodyModel):
    """A retention rule."""

    pattern: str = Field(description="Glob over branch names.", examples=["experiment/*"])
    keep_s: int = Field(ge=0, le=_LONGEST_S, description="Seconds.", examples=[2592000])


@router.post("/gc")
def collect_garbage(asked: NewCollection, state: State) -> Collection:
    """Remove what nothing refers to; answers when it is done."""
    done = gc.collect_garbage(
        state.vs,
        grace_s=asked.grace_s,
        unreachable_keep_s=asked.unreachable_keep_s,
        dry_run=asked.dry_run,
    )
    if not asked.dry_run:
        state.metrics.collections.inc()
        freed = done.dropped_bytes + done.rewritten_bytes + done.orphan_bytes
        state.metrics.freed_bytes.inc(freed)
    return done


@router.post("/purges")
def purge_content(asked: NewPurge, state: State, author: Author) -> PurgeResult:
    """Remove content from all history; answers when it is done."""
    if bool(asked.digest) == bool(asked.repo):
        raise InvalidInput("a purge names either a repo and a path, or a digest")
    if asked.repo:
        return purge.purge_path(
            state.vs,
            asked.repo,
            clean_path(asked.path),
            author=author,
            reason=asked.reason,
            dry_run=asked.dry_run,
        )
    return purge.purge(
        state.vs,
        {bytes.fromhex(asked.digest)},
        subject=asked.digest,
        author=author,
        reason=asked.reason,
        dry_run=asked.dry_run,
    )


@router.get("/purges")
def list_purges(state: State, limit: Limit = 1000, cursor: Cursor = None) -> Page[PurgeInfo]:
    """All that was purged, newest first."""
    return page_list(
        purge.list_purges(state.vs), limit, cursor, lambda one: newest_first(one.time_us, one.id)
    )


@router.post("/fsck")
def check_store(asked: NewCheck, state: State) -> StoreCheck:
    """Check that all that is referred to is there and whole; answers when it is done."""
    return fsck.check_store(state.vs, deep=asked.deep, repair=asked.repair)


@router.get("/usage")
def usage_of_repos(
    state: State, asker: Asker, limit: Limit = 1000, cursor: Cursor = None
) -> Page[Usage]:
    """What each repo takes up in the store; of those that may be read."""
    found = usage.usage_of_repos(state.vs)
    seen = found if asker.may(Action.READ) else asker.readable(found, _name)
    return page_list(seen, limit, cursor, _name)


@router.get("/repos/{repo}/refs/{ref}/usage")
def usage_of_commit(repo: Repo, ref: Ref, state: State) -> Usage:
    """What one commit takes up in the store."""
    return usage.usage_of_commit(state.vs, repo, ref)


@router.get("/retention")
def list_all_rules(
    state: State, asker: Asker, limit: Limit = 1000, cursor: Cursor = None
) -> Page[RetentionRule]:
    """The retention rules of all repos that may be read."""
    found = asker.readable(retention.list_rules(state.vs), lambda rule: rule.repo)
    return page_list(found, limit, cursor, _place_of_rule)


@router.get("/repos/{repo}/retention")
def list_rules(
    repo: Repo, state: State, limit: Limit = 1000, cursor: Cursor = None
) -> Page[RetentionRule]:
    """A repo's retention rules."""
    return page_list(retention.list_rules(state.vs, repo), limit, cursor, _place_of_rule)


@router.put("/repos/{repo}/retention", status_code=status.HTTP_204_NO_CONTENT)
def set_rule(repo: Repo, rule: NewRule, state: State, author: Author) -> None:
    """Add a retention rule, or change the one of that pattern."""
    retention.set_rule(state.vs, repo, rule.pattern, rule.keep_s, author=author)


@router.delete("/repos/{repo}/retention", status_code=status.HTTP_204_NO_CONTENT)
def remove_rule(
    repo: Repo,
    pattern: Annotated[str, Query(description="The rule's pattern.")],
    state: State,
) -> None:
    """Drop a retention rule."""
    retention.remove_rule(state.vs, repo, pattern)


def _place_of_rule(rule: RetentionRule) -> str:
    return f"{rule.repo}\0{rule.pattern}"


def _name(usage_of_one: Usage) -> str:
    return usage_of_one.name
