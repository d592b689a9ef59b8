"""Whether the server works, and what it has done."""

from __future__ import annotations

import contextlib
from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from datavc.errors import NotFound
from datavc.store.key import pack_key
from datavc_server.state import State

router = APIRouter(tags=["server"])

_TEXT: dict[int | str, dict[str, object]] = {
    200: {"content": {"text/plain": {}}, "description": "In the text format of Prometheus."}
}


class Health(BaseModel):
    """A server that works."""

    status: str
    version: str
    #: ``sqlite`` or ``postgresql``.
    database: str


class Probed(BaseModel):
    """What a probe found."""

    status: Literal["ok"] = Field(default="ok", description="Nothing else: a failure is a problem.")


@router.get("/health")
def health(state: State) -> Health:
    """Answers once the database does."""
    _ask_database(state)
    return Health(status="ok", version=version("datavc"), database=state.vs.db.dialect_name)


@router.get("/health/live")
async def live() -> Probed:
    """Answers as long as the process does; it takes no token."""
    return Probed()


@router.get("/health/ready")
def ready(state: State) -> Probed:
    """Answers once database and store do, or with 503; it takes no token."""
    _ask_database(state)
    # There is no such pack; that the store says so is what is asked for.
    with contextlib.suppress(NotFound):
        state.vs.objects.backend.size(pack_key(bytes(16)))
    return Probed()


@router.get("/metrics", responses=_TEXT, response_class=Response)
def metrics(state: State) -> Response:
    """Metrics of this server and of the whole datavc, for Prometheus."""
    return Response(generate_latest(state.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _ask_database(state: State) -> None:
    with state.vs.db.read() as conn:
        conn.exec_driver_sql("SELECT 1")
