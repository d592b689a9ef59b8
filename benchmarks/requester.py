"""A process that asks servers for small things: ``requester.py KIND COUNT THREADS URL ...``.

Its token is in ``DATAVC_TOKEN``. It prints ``ready``, waits for a line, and then asks; it fails
where an answer is not a success. HTTP by the standard library costs least of what is at hand, and
the processors are shared with what is measured.
"""

from __future__ import annotations

import http.client
import itertools
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

_REPO = "/api/v1/repos/data"
_READS = (
    f"{_REPO}/branches/main",
    f"{_REPO}/refs/main",
    f"{_REPO}/refs/main/files?folder=folder&limit=50",
)


def main(kind: str, count: str, threads: str, *urls: str) -> None:
    """Ask so many times."""
    with ThreadPoolExecutor(int(threads)) as pool:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        each = int(count) // int(threads)
        work = {"read": _read, "commit": _commit}[kind]
        asking = [
            pool.submit(work, number, each, urls[number % len(urls)])
            for number in range(int(threads))
        ]
        for one in asking:
            one.result()


def _read(number: int, count: int, url: str) -> None:
    connection = _connect(url)
    for path in itertools.islice(itertools.cycle(_READS), number, number + count):
        _ask(connection, "GET", path)
    connection.close()


def _commit(number: int, count: int, url: str) -> None:
    connection = _connect(url)
    for file in range(count):
        path = f"{_REPO}/refs/own-{number}/files/{os.urandom(8).hex()}?message=commit-{file}"
        _ask(connection, "PUT", path, os.urandom(200))
    connection.close()


def _connect(url: str) -> http.client.HTTPConnection:
    place = urlsplit(url)
    return http.client.HTTPConnection(place.hostname or "", place.port)


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None
) -> None:
    headers = {"Authorization": f"Bearer {os.environ['DATAVC_TOKEN']}"}
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    content = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{method} {path}: {response.status} {content[:500]!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
