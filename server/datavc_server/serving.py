"""Running a server or an engine until the process is told to stop."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from datavc.engine.engine import Engine
from datavc.errors import InvalidInput
from datavc.store.external.source_access import SourceAccess
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server.app import create_app
from datavc_server.engine_limits import EngineLimits
from datavc_server.engine_thread import work, working
from datavc_server.settings import ServerSettings

#: Seconds that requests are given to end once the server is told to stop.
_GRACE = 10
#: Longer than clients keep idle connections, so that none is closed under a request.
_KEEP_ALIVE = 75


class _Server(uvicorn.Server):
    """Tells long answers to end before it waits for them."""

    def __init__(self, config: uvicorn.Config, stop: threading.Event) -> None:
        super().__init__(config)
        self._stop = stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        self._stop.set()
        super().handle_exit(sig, frame)


def serve(
    home: Path,
    settings: ServerSettings,
    port: int,
    *,
    store: str | None = None,
    database: str | None = None,
    executor: str | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Prints one line with the address once it takes requests.

    Args:
        home: folder of the database and the packs, unless they are elsewhere.
        settings: see :class:`ServerSettings`.
        port: 0 for any that is free.
        store: a folder or ``s3://bucket/prefix``.
        database: a SQLAlchemy URL.
        executor: of the engine that works beside; ``none`` for no engine.

    Raises:
        InvalidInput: the address cannot be listened on.
        StoreUnavailable, DatabaseUnavailable, ExecutorUnavailable: what it takes is away.
    """
    _log_to_stderr()
    stop = threading.Event()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_stopping(stop))
        listener = stack.enter_context(_listen(settings.host, port))
        vs = stack.enter_context(open_versioned_store(home, store, database))
        app = create_app(vs, settings, stop)
        if executor != "none":
            stack.enter_context(working(_engine(vs, home, executor), stop))
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="on",
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_GRACE,
        )
        _announce(f"datavc serves {_url(listener)}")
        _Server(config, stop).run([listener])


def run_engine(
    home: Path,
    *,
    store: str | None = None,
    database: str | None = None,
    executor: str | None = None,
    allow_external: tuple[str, ...] = (),
    limits: EngineLimits | None = None,
) -> None:
    """Run an engine alone until SIGTERM or SIGINT; arguments as of :func:`serve`.

    Args:
        allow_external: as in :class:`ServerSettings`: the files of a pipeline's inputs are what
            others have imported.
        limits: what it may use of its host.
    """
    _log_to_stderr()
    stop = threading.Event()
    with (
        _stopping(stop),
        _restricted(open_versioned_store(home, store, database), allow_external) as vs,
        contextlib.closing(_engine(vs, home, executor, limits)) as engine,
    ):
        _announce(f"datavc engine works on {home} ({engine.executor_name})")
        work(engine, stop)


def _restricted(vs: VersionedStore, allowed: tuple[str, ...]) -> VersionedStore:
    vs.objects.sources = SourceAccess(allowed)
    return vs


def _engine(
    vs: VersionedStore, home: Path, executor: str | None, limits: EngineLimits | None = None
) -> Engine:
    return Engine(vs, (limits or EngineLimits()).settings(home / "scratch", executor))


def _listen(host: str, port: int) -> socket.socket:
    address = host.strip("[]")
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((address, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidInput(
            f"cannot listen on {host} port {port}: {reason}", hint="choose another --port"
        ) from None


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set *stop* rather than end the process."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _announce(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
