"""A web server on a loopback port that offers files, and misbehaves where it is told to."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class Page:
    """What is at one path."""

    content: bytes = b""
    #: Sent as it is; by default the content's digest. Empty for none.
    etag: str | None = None
    last_modified: str = ""
    #: Where to go instead.
    redirect: str = ""
    status: int = 200
    #: The first so many answers break off after so many bytes.
    breaks: int = 0
    breaks_after: int = 0
    #: The first so many answers are this status.
    failures: int = 0
    failure_status: int = 503
    knows_ranges: bool = True
    tells_size: bool = True
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """The ETag."""
        if self.etag is not None:
            return self.etag
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'


@dataclass
class Web:
    """The server: what it offers, and what it was asked."""

    url: str
    port: int
    pages: dict[str, Page] = field(default_factory=dict)
    #: Method, path and headers of every request.
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def offer(self, path: str, page: Page | bytes) -> str:
        """Put something at a path; its URL."""
        self.pages[path] = page if isinstance(page, Page) else Page(page)
        return f"{self.url}{path}"


@contextlib.contextmanager
def running_web() -> Iterator[Web]:
    """Serve on a free loopback port."""
    web = Web("", 0)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def answer(self, *, with_body: bool) -> None:
            web.asked.append((self.command, self.path, dict(self.headers)))
            page = web.pages.get(self.path.partition("?")[0])
            if page is None:
                self.simple(404)
            elif page.redirect:
                self.send_response(302)
                self.send_header("Location", page.redirect)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif page.failures > 0:
                page.failures -= 1
                self.simple(page.failure_status)
            elif self.headers.get("If-Match", page.tag) != page.tag:
                self.simple(412)
            elif page.status != 200:
                self.simple(page.status)
            else:
                self.content(page, with_body=with_body)

        def simple(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def content(self, page: Page, *, with_body: bool) -> None:
            start, end = 0, len(page.content)
            wanted = _RANGE.fullmatch(self.headers.get("Range", "")) if page.knows_ranges else None
            if wanted:
                start = int(wanted[1])
                end = min(end, int(wanted[2]) + 1) if wanted[2] else end
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(page.content)}")
            if page.tells_size:
                self.send_header("Content-Length", str(end - start))
            if page.tag:
                self.send_header("ETag", page.tag)
            if page.last_modified:
                self.send_header("Last-Modified", page.last_modified)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if not page.tells_size:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            if not with_body:
                return
            data = page.content[start:end]
            if page.breaks > 0:
                page.breaks -= 1
                data = data[: page.breaks_after]
                self.close_connection = True
            with contextlib.suppress(OSError):
                self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    web.port = server.server_port
    web.url = f"http://127.0.0.1:{web.port}"
    thread = threading.Thread(target=server.serve_forever, name="test-web", args=(0.02,))
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
