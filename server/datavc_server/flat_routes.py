"""The routes of all routers on one level.

FastAPI keeps a router that is included as a level of its own, and looks for the route of a request
anew on each level: with a hundred routes that costs more than most answers.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from inspect import iscoroutinefunction
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool


def add_routes(
    app: FastAPI, prefix: str, router: APIRouter, dependencies: Sequence[Depends]
) -> None:
    """Add *router*'s routes to *app*, below *prefix*, with *dependencies* before their own."""
    for route in router.routes:
        if not isinstance(route, APIRoute):
            raise TypeError(f"{route!r} is no route of the API")
        app.router.add_api_route(
            f"{prefix}{route.path}",
            _in_thread(route.endpoint),
            response_model=route.response_model,
            status_code=route.status_code,
            tags=route.tags,
            dependencies=[*dependencies, *route.dependencies],
            summary=route.summary,
            description=route.description,
            response_description=route.response_description,
            responses=route.responses,
            deprecated=route.deprecated,
            methods=route.methods,
            operation_id=route.operation_id,
            include_in_schema=route.include_in_schema,
            response_class=route.response_class,
            name=route.name,
            openapi_extra=route.openapi_extra,
        )


def _in_thread(endpoint: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """*endpoint*, carried out by a worker thread.

    FastAPI would do that as well, and have a second thread check the answer.
    """
    if iscoroutinefunction(endpoint):
        return endpoint

    @functools.wraps(endpoint)
    async def carry_out(**values: Any) -> Any:
        return await run_in_threadpool(endpoint, **values)

    return carry_out
