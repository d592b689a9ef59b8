"""The application that S3 clients talk to."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from datavc.errors import AccessDenied, DatavcError, QuotaExceeded
from datavc.model.ids import new_id
from datavc.store.external.source_access import SourceAccess
from datavc.versioning.branch_trees import BranchTrees
from datavc.versioning.session_outputs import SessionTrees
from datavc.versioning.versioned_store import VersionedStore
from datavc_server.audit_trail import write_down
from datavc_server.encoded_slash import decode_path, decode_slashes
from datavc_server.request_body import BodyReader, read_blocks
from datavc_server.request_facts import RequestFacts, begin_facts
from datavc_server.request_span import RequestSpan
from datavc_server.s3.access import Caller
from datavc_server.s3.authentication import authenticate
from datavc_server.s3.error import S3Error, error_response, invalid_argument, of_datavc_error
from datavc_server.s3.gateway import Gateway
from datavc_server.s3.incoming import Incoming
from datavc_server.s3.job_buckets import JobBuckets
from datavc_server.s3.operation import find_operation
from datavc_server.settings import ServerSettings

#: Requests a minute from one address, by nobody known, that are written to the audit log.
_WRITTEN_PER_MINUTE = 60
_log = logging.getLogger("datavc.server")


def create_s3_app(vs: VersionedStore, settings: ServerSettings) -> ASGIApp:
    """The application that serves *vs* to S3 clients.

    Args:
        vs: what is served; it stays the caller's to close.
        settings: see :class:`~datavc_server.settings.ServerSettings`.
    """
    vs.objects.sources = SourceAccess(settings.allow_external)
    gateway = Gateway(
        vs,
        BranchTrees(vs),
        SessionTrees(vs),
        settings.s3_commit,
        settings.max_file,
        accounts_only=settings.tokens_only,
    )
    return RequestSpan(_S3App(gateway), group="by S3")


class _S3App:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        is_read = False

        async def receive_noted() -> Message:
            nonlocal is_read
            is_read = True
            return await receive()

        request = Request(scope, receive_noted)
        request_id = new_id().upper()
        facts = begin_facts(scope, request_id)
        response = await self._answer(request, facts)
        await write_down(self._gateway.vs.db, facts, response.status_code)
        response.headers["x-amz-request-id"] = request_id
        if "expect" in request.headers and not is_read:
            # The client was not told to send the body that it announced, and may never do so:
            # what would come next on this connection could not be told from it.
            response.headers["Connection"] = "close"
        await response(scope, receive, send)

    async def _answer(self, request: Request, facts: RequestFacts) -> Response:
        request_id = facts.request_id
        raw = BodyReader(read_blocks(request, self._gateway.max_object))
        try:
            return await run_in_threadpool(self._carry_out, request, raw, facts)
        except S3Error as error:
            problem = error
        except DatavcError as error:
            problem = of_datavc_error(error)
            if isinstance(error, (AccessDenied, QuotaExceeded)):
                facts.refuse(error.message)
        except HTTPException as error:
            problem = S3Error(HTTPStatus.BAD_REQUEST, "EntityTooLarge", str(error.detail))
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        except Exception:
            _log.exception("request %s failed in an unexpected way", request_id)
            problem = S3Error(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "InternalError",
                f"the server failed in an unexpected way; its log tells more of {request_id}",
            )
        facts.reason = facts.reason or problem.message
        if facts.caller is None and not facts.account and problem.status == HTTPStatus.FORBIDDEN:
            flood = self._gateway.refusals.take(facts.address, _WRITTEN_PER_MINUTE)
            facts.is_flood = flood is not None and not flood.is_first
        return error_response(problem, request.url.path, request_id, head=request.method == "HEAD")

    def _carry_out(self, request: Request, raw: BodyReader, facts: RequestFacts) -> Response:
        """Authenticate a request and do what it asks for; in a worker thread."""
        gateway = self._gateway
        facts.request = f"{request.method} by S3"
        signed = authenticate(
            gateway.vs, request, datetime.now(UTC), accounts_only=gateway.accounts_only
        )
        facts.caller, facts.account = signed.caller.holder, signed.caller.account
        self._check_rate(signed.caller, facts)
        if signed.caller.session is not None:
            gateway = replace(gateway, job=JobBuckets(gateway, signed.caller.session))
        bucket, key = _place(request)
        facts.repo = bucket
        query = dict(
            parse_qsl(
                request.scope["query_string"].decode("ascii", "replace"), keep_blank_values=True
            )
        )
        incoming = Incoming(request.method, bucket, key, query, request.headers, signed, facts, raw)
        operation = find_operation(incoming)
        facts.request = f"{request.method} by S3: {operation.__name__}"
        return operation(gateway, incoming)

    def _check_rate(self, caller: Caller, facts: RequestFacts) -> None:
        limit = None if caller.holder is None else caller.holder.limits.requests_per_minute
        refusal = None if limit is None else self._gateway.rates.take(caller.account, limit)
        if refusal is None:
            return
        facts.is_flood = not refusal.is_first
        message = f"account {caller.account!r} may ask {limit} times a minute"
        facts.refuse(message)
        headers = {"Retry-After": str(refusal.wait)}
        raise S3Error(HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown", message, headers)


def _place(request: Request) -> tuple[str, str]:
    path = decode_path(request.scope["raw_path"])
    if path is None:
        raise invalid_argument("the URL's path is not valid UTF-8, or holds a NUL")
    bucket, _, key = decode_slashes(path).removeprefix("/").partition("/")
    return bucket, key
