"""An HTTP proxy that stands in front of a server and spoils some of what passes."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

#: ``500``, ``503``: the server says so. ``reset``: the connection breaks in the middle of the
#: request. ``cut``: it breaks in the middle of the answer's body. ``short``: half of the body comes
#: as if it were all. ``stall``: no answer comes. ``slow``: the answer comes in bits.
Fault = Literal["500", "503", "reset", "cut", "short", "stall", "slow"]

_ERRORS = {"500": "InternalError", "503": "SlowDown"}
_HOP = {"connection", "transfer-encoding", "keep-alive"}
#: A slow answer comes in so many bits, with so many seconds between.
_BITS = 5
_BETWEEN_BITS = 0.02


@dataclass
class FaultyProxy:
    """What is spoiled at present, and what has passed."""

    target: str
    url: str = ""
    #: The methods of the requests that passed whole.
    passed: list[str] = field(default_factory=list)
    spoiled: int = 0
    _fault: Fault | None = None
    _method: str = ""
    _skip: int = 0
    _times: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    #: Set when stalled requests are to be given up.
    _healed: threading.Event = field(default_factory=threading.Event)

    def spoil(self, fault: Fault, method: str = "", *, skip: int = 0, times: int = 1) -> None:
        """Spoil requests of one method, or of any, after *skip* of them; *times* of them."""
        with self._lock:
            self._fault, self._method, self._skip, self._times = fault, method, skip, times
            self.spoiled = 0
            self.passed.clear()
            self._healed.clear()

    def heal(self) -> None:
        """Let everything pass, and give up what is stalled."""
        with self._lock:
            self._times = 0
            self._healed.set()

    def take(self, method: str) -> Fault | None:
        """What happens to this request."""
        with self._lock:
            if self._times and self._method in ("", method):
                if self._skip:
                    self._skip -= 1
                else:
                    self._times -= 1
                    self.spoiled += 1
                    return self._fault
            self.passed.append(method)
            return None

    def stall(self) -> None:
        """Wait until the proxy is healed."""
        self._healed.wait()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: FaultyProxy
    _server: http.client.HTTPConnection | None = None

    def _pass_on(self) -> None:
        fault = self.proxy.take(self.command)
        length = int(self.headers.get("Content-Length") or 0)
        if fault == "reset":
            self.rfile.read(length // 2)
            self._break()
            return
        body = self.rfile.read(length)
        if fault == "stall":
            self.proxy.stall()
            self._break()
        elif fault in _ERRORS:
            self._refuse(int(fault), _ERRORS[fault])
        else:
            self._answer(body, fault)

    def __getattr__(self, name: str) -> Any:
        """One method for each of HTTP's."""
        if name.startswith("do_"):
            return self._pass_on
        raise AttributeError(name)

    def _answer(self, body: bytes, fault: Fault | None) -> None:
        response, data = self._ask(body)
        is_head = self.command == "HEAD"
        if fault == "short":
            data = data[: len(data) // 2]
        size = response.headers.get("Content-Length", "0") if is_head else str(len(data))
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in (*_HOP, "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", size)
        self.end_headers()
        if fault == "cut":
            self.wfile.write(data[: len(data) // 2])
            self._break()
        elif fault == "slow":
            step = len(data) // _BITS + 1
            for start in range(0, len(data), step):
                self.proxy._healed.wait(_BETWEEN_BITS)
                self.wfile.write(data[start : start + step])
        elif not is_head:
            self.wfile.write(data)

    def _ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        """What the server says; its connection lasts as long as the client's."""
        if self._server is None:
            netloc = urlsplit(self.proxy.target).netloc
            self._server = http.client.HTTPConnection(netloc, timeout=60)
        self._server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP:
                self._server.putheader(name, value)
        self._server.endheaders(body)
        response = self._server.getresponse()
        return response, response.read()

    def _refuse(self, status: int, code: str) -> None:
        text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>"
        data = b"" if self.command == "HEAD" else text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _break(self) -> None:
        """End the connection at once, with what is on its way lost."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        if self._server is not None:
            self._server.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is nothing to speak of."""


@contextlib.contextmanager
def faulty_proxy(target: str) -> Iterator[FaultyProxy]:
    """A proxy on a free port in front of *target*, an ``http://`` URL."""
    proxy = FaultyProxy(target)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="faulty-proxy")
    thread.start()
    try:
        yield proxy
    finally:
        proxy.heal()
        server.shutdown()
        thread.join()
        server.server_close()
