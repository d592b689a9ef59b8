"""The audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from datavc.access.audit import read_log
from datavc.db.clock import now_us
from datavc.errors import InvalidInput
from datavc.model.audit import AuditEntry, AuditFilter
from datavc.model.moment import parse_moment
from datavc_server.paging import Page, decode_cursor, encode_cursor
from datavc_server.state import State

router = APIRouter(tags=["access"])


class AuditQuery(BaseModel):
    """Which entries are asked for."""

    limit: int = Field(default=100, ge=1, le=10_000, description="Most items in the answer.")
    cursor: str | None = Field(
        default=None, description="`next` of the page before; without it, the first page."
    )
    account: str = Field(default="", description="Only what this account did.")
    repo: str = Field(default="", description="Only what was done in this repo.")
    outcome: str = Field(
        default="", pattern="^(done|refused|failed)?$", description="Only what came out so."
    )
    since: str = Field(
        default="", description="Done then or later.", examples=["2 days ago", "2026-11-01"]
    )
    until: str = Field(default="", description="Done then or before.", examples=["yesterday"])

    def filter(self) -> AuditFilter:
        """What is asked for, apart from pages."""
        now = now_us()
        return AuditFilter(
            self.account,
            self.repo,
            self.outcome,
            parse_moment(self.since, now) if self.since else None,
            parse_moment(self.until, now) if self.until else None,
        )


@router.get("/audit-log")
def read_audit_log(state: State, wanted: Annotated[AuditQuery, Query()]) -> Page[AuditEntry]:
    """Changes and refusals, newest first."""
    place = decode_cursor(wanted.cursor)
    if place and not place.isdecimal():
        raise InvalidInput("that is no cursor", hint="use `next` of the page before")
    before = int(place) if place else None
    items = read_log(state.vs.db, wanted.filter(), wanted.limit, before)
    more = len(items) == wanted.limit
    return Page(items=items, next=encode_cursor(str(items[-1].id)) if more else None)
