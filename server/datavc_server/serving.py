"""Running a server or an engine until the process is told to stop."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Literal

import uvicorn
from prometheus_client import start_http_server
from starlette.types import ASGIApp

from datavc.db.lineage_switch import is_wanted
from datavc.engine.capacity import host_share
from datavc.engine.engine import Engine
from datavc.errors import InvalidInput
from datavc.store.external.source_access import SourceAccess
from datavc.tracing.exporting import exporting
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server.app import create_app
from datavc_server.engine_limits import EngineLimits
from datavc_server.engine_thread import work, working
from datavc_server.log_format import LogFormat, LogLevel, log_to_stderr
from datavc_server.metrics import new_registry
from datavc_server.settings import ServerSettings
from datavc_server.webhook_sender import WebhookSender, delivering

#: Seconds that requests are given to end once the server is told to stop.
_GRACE = 10
#: The same for the last spans of traces.
_TRACE_GRACE = 3
#: Longer than clients keep idle connections, so that none is closed under a request.
_KEEP_ALIVE = 75
#: Bytes of all headers of a request: the place in a log of many datums is a long one.
_MAX_HEAD = 64 * 1024


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
    s3: tuple[str, int] | None = None,
    log: tuple[LogFormat, LogLevel | None] = (LogFormat.TEXT, None),
) -> None:
    """Serve until SIGTERM or SIGINT. Prints one line with the address once it takes requests.

    Args:
        home: folder of the database and the packs, unless they are elsewhere.
        settings: see :class:`ServerSettings`.
        port: 0 for any that is free.
        store: a folder or ``s3://bucket/prefix``.
        database: a SQLAlchemy URL.
        executor: of the engine that works beside; ``none`` for no engine.
        log: format and level of the log; see :func:`~datavc_server.log_format.log_to_stderr`.
        s3: host and port of the S3 gateway; ``None`` for no gateway.

    Raises:
        InvalidInput: the address cannot be listened on.
        StoreUnavailable, DatabaseUnavailable, ExecutorUnavailable: what it takes is away.
    """
    log_to_stderr(*log)
    stop = threading.Event()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_stopping(stop))
        stack.enter_context(exporting("datavc-server", _TRACE_GRACE))
        listener = stack.enter_context(_listen(settings.host, port))
        s3_listener = None if s3 is None else stack.enter_context(_listen(*s3))
        vs = stack.enter_context(open_versioned_store(home, store, database))
        host = None if executor == "none" else host_share()
        app = create_app(vs, settings, stop, host)
        sender = WebhookSender(vs, settings.allow_webhook)
        stack.enter_context(delivering(sender, stop))
        stack.enter_context(_telling_openlineage(vs, stop))
        if s3_listener is not None:
            # Before the engine, so that it outlives the datums that use it.
            stack.enter_context(_serving_s3(vs, settings, s3_listener))
        if executor != "none":
            made = _engine(vs, home, executor, settings.allow_egress, s3=s3_listener)
            stack.enter_context(working(made, stop))
        _announce(f"datavc serves {_url(listener)}")
        if s3_listener is not None:
            _announce(f"datavc serves {_url(s3_listener)} to S3 clients")
        _Server(_config(app, lifespan="on"), stop).run([listener])


def _config(app: ASGIApp, *, lifespan: Literal["on", "off"]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan=lifespan,
        timeout_keep_alive=_KEEP_ALIVE,
        h11_max_incomplete_event_size=_MAX_HEAD,
        timeout_graceful_shutdown=_GRACE,
    )


@contextlib.contextmanager
def _serving_s3(
    vs: VersionedStore, settings: ServerSettings, listener: socket.socket
) -> Iterator[None]:
    """Serve S3 clients in a thread of its own, with an event loop of its own."""
    # Its packages are not needed by a server without it.
    from datavc_server.s3.app import create_s3_app

    server = uvicorn.Server(_config(create_s3_app(vs, settings), lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), name="datavc-s3")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def run_engine(
    home: Path,
    *,
    store: str | None = None,
    database: str | None = None,
    executor: str | None = None,
    allow_external: tuple[str, ...] = (),
    allow_egress: tuple[str, ...] = (),
    limits: EngineLimits | None = None,
    metrics: str | None = None,
    log: tuple[LogFormat, LogLevel | None] = (LogFormat.TEXT, None),
) -> None:
    """Run an engine alone until SIGTERM or SIGINT; arguments as of :func:`serve`.

    Args:
        allow_external: as in :class:`ServerSettings`: the files of a pipeline's inputs are what
            others have imported.
        allow_egress: as in :class:`ServerSettings`.
        limits: what it may use of its host.
        metrics: ``HOST:PORT`` where Prometheus may read this engine's.
    """
    log_to_stderr(*log)
    stop = threading.Event()
    with (
        _stopping(stop),
        exporting("datavc-engine", _TRACE_GRACE),
        _restricted(open_versioned_store(home, store, database), allow_external) as vs,
        contextlib.closing(_engine(vs, home, executor, allow_egress, limits)) as engine,
        _showing(vs, metrics),
        _telling_openlineage(vs, stop),
    ):
        _announce(f"datavc engine works on {home} ({engine.executor_name})")
        work(engine, stop)


@contextlib.contextmanager
def _telling_openlineage(vs: VersionedStore, stop: threading.Event) -> Iterator[None]:
    if not is_wanted():
        yield
        return
    from datavc.integrations.openlineage.delivery import telling

    with telling(vs, stop):
        yield


@contextlib.contextmanager
def _showing(vs: VersionedStore, place: str | None) -> Iterator[None]:
    if place is None:
        yield
        return
    host, port = metrics_address(place)
    try:
        server, thread = start_http_server(port, host, new_registry(vs))
    except OSError as error:
        raise InvalidInput(
            f"cannot listen on {place}: {error.strerror}", hint="choose another --metrics"
        ) from None
    _announce(f"datavc engine shows its metrics on http://{host}:{server.server_port}/metrics")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def metrics_address(place: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT`` or ``PORT``; this machine alone where no host is named.

    Raises:
        InvalidInput: it is of another form.
    """
    host, _, port = place.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise InvalidInput(
            f"{place!r} is no address for metrics", hint="give HOST:PORT, such as 127.0.0.1:9180"
        )
    return host.strip("[]") or "127.0.0.1", int(port)


def _restricted(vs: VersionedStore, allowed: tuple[str, ...]) -> VersionedStore:
    vs.objects.sources = SourceAccess(allowed)
    return vs


def _engine(
    vs: VersionedStore,
    home: Path,
    executor: str | None,
    allow_egress: tuple[str, ...],
    limits: EngineLimits | None = None,
    s3: socket.socket | None = None,
) -> Engine:
    settings = (limits or EngineLimits()).settings(home / "scratch", executor)
    if settings.s3_endpoint is None and s3 is not None:
        settings = replace(settings, s3_endpoint=_own_url(s3))
    return Engine(vs, replace(settings, allow_egress=allow_egress))


def _own_url(listener: socket.socket) -> str:
    """The URL at which this process itself reaches what listens there."""
    host, port = listener.getsockname()[:2]
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - is compared with
    own = anywhere.get(host, host)
    return f"http://[{own}]:{port}" if ":" in own else f"http://{own}:{port}"


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
