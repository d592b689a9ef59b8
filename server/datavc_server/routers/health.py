"""Whether the server works."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter
from pydantic import BaseModel

from datavc_server.state import State

router = APIRouter(tags=["server"])


class Health(BaseModel):
    """A server that works."""

    status: str
    version: str
    #: ``sqlite`` or ``postgresql``.
    database: str


@router.get("/health")
def health(state: State) -> Health:
    """Answers once the database does."""
    with state.vs.db.read() as conn:
        conn.exec_driver_sql("SELECT 1")
    return Health(status="ok", version=version("datavc"), database=state.vs.db.dialect_name)
