"""The application: routes, errors, and who is let in."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Lifespan

from datavc.access.accounts import ensure_admin
from datavc.engine.capacity import Share
from datavc.errors import DatavcError
from datavc.store.external.source_access import SourceAccess
from datavc.versioning.versioned_store import VersionedStore
from datavc_server import problem
from datavc_server.api_schema import DescribedApi, operation_id
from datavc_server.audit_trail import AuditTrail
from datavc_server.body_limit import BodyLimit
from datavc_server.encoded_slash import EncodedSlash
from datavc_server.fetcher import Fetcher
from datavc_server.flat_routes import add_routes
from datavc_server.gate import Gate
from datavc_server.metrics import ServerMetrics
from datavc_server.news_board import NewsBoard
from datavc_server.oidc import OidcProvider
from datavc_server.presigned import Presigner
from datavc_server.probe import place_probe
from datavc_server.request_record import RequestRecord
from datavc_server.request_span import RequestSpan
from datavc_server.route_rules import authorize
from datavc_server.routers import (
    accounts,
    audit,
    branches,
    commits,
    diffs,
    events,
    fetches,
    files,
    groups,
    health,
    hooks,
    inbound_webhooks,
    jobs,
    logs,
    merges,
    oidc,
    packs,
    pipeline_control,
    pipeline_specs,
    pipelines,
    presigned_packs,
    records,
    refs,
    repos,
    reproductions,
    roles,
    runs,
    s3_keys,
    secrets,
    space,
    staging,
    store,
    tags,
    tokens,
    transactions,
    webhooks,
)
from datavc_server.settings import ServerSettings
from datavc_server.state import ServerState

#: Every route starts so.
API = "/api/v1"

_ROUTERS = (
    repos,
    branches,
    tags,
    staging,
    fetches,
    commits,
    transactions,
    merges,
    files,
    diffs,
    pipelines,
    pipeline_control,
    pipeline_specs,
    # Before the jobs, one of which could else be called so.
    events,
    jobs,
    logs,
    runs,
    reproductions,
    s3_keys,
    secrets,
    space,
    store,
    presigned_packs,
    packs,
    records,
    refs,
    webhooks,
    inbound_webhooks,
    hooks,
    accounts,
    groups,
    roles,
    tokens,
    oidc,
    audit,
    health,
)


def create_app(
    vs: VersionedStore,
    settings: ServerSettings,
    stopping: threading.Event | None = None,
    host: Share | None = None,
) -> FastAPI:
    """The application that serves *vs*, which stays the caller's to close.

    Args:
        vs: what is served.
        settings: see :class:`~datavc_server.settings.ServerSettings`.
        stopping: set it before the server stops, so that long answers end.
        host: what the engine beside it may use; ``None`` where there is no engine.
    """
    if settings.token is not None:
        ensure_admin(vs.db)
    # What external files name was chosen by clients, who must not read by the server's rights.
    vs.objects.sources = SourceAccess(settings.allow_external)
    fetcher = Fetcher(vs, settings)
    stopping = stopping or threading.Event()
    state = ServerState(
        vs,
        settings,
        fetcher=fetcher,
        oidc=_oidc(settings),
        probe=place_probe(vs.objects.backend) if settings.direct else None,
        presigner=_presigner(settings),
        metrics=ServerMetrics(vs),
        news=NewsBoard(vs.db, stopping),
        stopping=stopping,
        host=host,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        state.stopping.set()
        state.news.close()
        fetcher.close()
        if state.probe is not None:
            state.probe.remove()

    app = _routes(lifespan)
    app.state.server = state
    _add_answers(app)
    app.add_middleware(EncodedSlash)
    app.add_middleware(BodyLimit, limit=settings.max_body)
    app.add_middleware(Gate, db=vs.db, settings=settings)
    app.add_middleware(AuditTrail, db=vs.db)
    app.add_middleware(RequestRecord, metrics=state.metrics)
    app.add_middleware(RequestSpan)
    return app


def describe_api() -> dict[str, Any]:
    """The OpenAPI document, which is the same for every server."""
    return _routes().openapi()


def _routes(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    app = DescribedApi(
        title="datavc",
        summary="Git for data, with pipelines that run themselves.",
        version=version("datavc"),
        openapi_url=f"{API}/openapi.json",
        # They load scripts of others into this server's origin.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
    )
    # Whatever route is added, this stands before it; one without a rule is refused to everybody.
    for module in _ROUTERS:
        add_routes(app, API, module.router, [Depends(authorize)])
    return app


def _add_answers(app: FastAPI) -> None:
    app.add_exception_handler(DatavcError, problem.answer_datavc_error)
    app.add_exception_handler(problem.RefusedUpload, problem.answer_refused_upload)
    app.add_exception_handler(problem.PreconditionFailed, problem.answer_precondition_failed)
    app.add_exception_handler(RequestValidationError, problem.answer_invalid_request)
    app.add_exception_handler(HTTPException, problem.answer_http_error)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(Exception, problem.answer_unexpected)


def _answer_nobody(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)


def _oidc(settings: ServerSettings) -> OidcProvider | None:
    if not settings.oidc_issuer and not settings.oidc_client_id:
        return None
    return OidcProvider(settings.oidc_issuer, settings.oidc_client_id)


def _presigner(settings: ServerSettings) -> Presigner | None:
    if settings.presigned and settings.store.startswith("s3://"):
        return Presigner(settings.store)
    return None
