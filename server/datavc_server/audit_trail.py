"""Changes and refusals are written to the audit log."""

from __future__ import annotations

import logging
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from datavc.access.audit import record
from datavc.db.clock import now_us
from datavc.db.session import Database
from datavc.errors import DatavcError
from datavc.model.audit import AuditEntry, Outcome
from datavc_server.request_facts import RequestFacts, begin_facts
from datavc_server.request_record import request_id

_REFUSALS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_log = logging.getLogger("datavc.server")


class AuditTrail:
    """Writes down what was changed, and what was refused, before the answer goes out."""

    def __init__(self, app: ASGIApp, db: Database) -> None:
        self._app = app
        self._db = db

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and write it down once it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        facts = begin_facts(scope, request_id.get())

        async def send_recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                await write_down(self._db, facts, message["status"])
            await send(message)

        await self._app(scope, receive, send_recorded)


async def write_down(db: Database, facts: RequestFacts, status: int) -> None:
    """Write an answered request to the audit log, if it changed something or was refused."""
    outcome = _outcome(facts, status)
    if not facts.is_flood and (facts.changes or outcome is Outcome.REFUSED):
        await run_in_threadpool(_write, db, facts, status, outcome)


def _write(db: Database, facts: RequestFacts, status: int, outcome: Outcome) -> None:
    entry = AuditEntry(
        0,
        now_us(),
        facts.account if facts.caller is None else facts.caller.account or facts.account,
        "" if facts.caller is None else facts.caller.token,
        facts.request,
        facts.repo,
        facts.branch,
        outcome,
        status,
        facts.address,
        facts.request_id,
        "" if outcome is Outcome.DONE else facts.reason,
    )
    try:
        record(db, entry)
    except DatavcError as error:
        # What was done is done: the answer must not say that it was not.
        _log.error("request %s is missing in the audit log: %s", facts.request_id, error)


def _outcome(facts: RequestFacts, status: int) -> Outcome:
    if facts.refused or status in _REFUSALS:
        return Outcome.REFUSED
    return Outcome.DONE if status < HTTPStatus.BAD_REQUEST else Outcome.FAILED
