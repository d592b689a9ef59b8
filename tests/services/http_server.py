"""A datavc server in this process, for the tests of what speaks to one."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn

from datavc.engine.capacity import Share, host_share
from datavc.engine.engine import Engine
from datavc.engine.settings import EngineSettings
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server.app import create_app
from datavc_server.settings import ServerSettings


@contextlib.contextmanager
def running_server(
    home: Path,
    *,
    store: str | None = None,
    database: str | None = None,
    token: str | None = None,
    direct: bool = True,
    presigned: bool = True,
    engine: bool = False,
    **settings: Any,
) -> Iterator[str]:
    """Serve *home* on a free loopback port, and yield the URL.

    Args:
        home, store, database: what is served.
        token, direct, presigned, settings: see ``ServerSettings``.
        engine: also run pipelines, as processes.
    """
    chosen = ServerSettings(
        token=token,
        store=store or str(home / "store"),
        direct=direct,
        presigned=presigned,
        **settings,
    )
    with open_versioned_store(home, store, database) as vs, contextlib.ExitStack() as stack:
        url = stack.enter_context(serving(vs, chosen, host=host_share() if engine else None))
        if engine:
            stack.enter_context(_working(vs, home))
        yield url


@contextlib.contextmanager
def serving(
    vs: VersionedStore,
    settings: ServerSettings,
    stopping: threading.Event | None = None,
    host: Share | None = None,
) -> Iterator[str]:
    """Serve *vs* on a free loopback port, and yield the URL.

    With *stopping* set, no answer waits for news. *host* is what an engine beside it may use.
    """
    stopping = stopping or threading.Event()
    app = create_app(vs, settings, stopping, host)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=5)
        with _in_thread(uvicorn.Server(config), listener, stopping):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def _in_thread(
    server: uvicorn.Server, listener: socket.socket, stopping: threading.Event
) -> Iterator[None]:
    thread = threading.Thread(target=server.run, args=([listener],), name="test-server")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def _working(vs: VersionedStore, home: Path) -> Iterator[None]:
    stop = threading.Event()
    settings = EngineSettings(scratch=home / "scratch", executor="process")
    engine = Engine(vs, settings)
    thread = threading.Thread(target=engine.serve, args=(stop,), name="test-engine")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        engine.close()
