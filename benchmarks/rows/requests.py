"""Small requests by HTTP, many at once, of two servers with PostgreSQL."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest

import datavc
from benchmarks.bench import Bench
from benchmarks.load.process_watch import processor_time
from benchmarks.load.stack import started_servers
from benchmarks.measure import Timing
from benchmarks.row import Contest, Missing, Row, Side, Target
from tests.services.postgres import running_postgres

_REQUESTER = Path(__file__).parents[1] / "requester.py"
_READS = 6000
_COMMITS = 960
_THREADS = 16
#: Files in the folder that is listed.
_FILES = 200


class _Requests:
    """Servers, and a process that asks them.

    Args:
        bench: where.
        kind: ``read`` or ``commit``.
        count: how many requests.
    """

    def __init__(self, bench: Bench, kind: str, count: int) -> None:
        self._kind = kind
        self.count = max(_THREADS, int(count * min(1, bench.scale) / _THREADS) * _THREADS)
        folder = bench.space("requests")
        folder.mkdir()
        self._token, token_file = secrets.token_hex(16), folder / "token"
        token_file.write_text(self._token)
        try:
            server = bench.cleanup.enter_context(running_postgres(durable=True))
        except (pytest.skip.Exception, pytest.fail.Exception) as error:
            raise Missing(str(error)) from None
        place = {
            "DATAVC_DATABASE": bench.cleanup.enter_context(server.database()),
            "DATAVC_STORE": str(folder / "store"),
            "DATAVC_TOKEN": "",
        }
        self._servers = bench.cleanup.enter_context(started_servers(folder, token_file, place))
        self._fill(folder / "files")
        self._process: subprocess.Popen[str] | None = None
        #: Seconds of processor time of the servers in each run.
        self.used: list[float] = []
        bench.cleanup.callback(self._stop)

    def side(self) -> Side:
        """The work, timed from the first request to the end of the last answer."""
        return Side("datavc", self._run, self._start)

    def facts(self, timings: list[Timing]) -> list[str]:
        """Requests in a second, and what each costs the servers."""
        used = sorted(self.used)[len(self.used) // 2]
        return [
            f"{self.count / timings[0].median:,.0f} requests a second by {_THREADS} connections; "
            f"{used / self.count * 1000:.2f} ms of the servers' processor time for each"
        ]

    def _fill(self, files: Path) -> None:
        files.mkdir()
        for number in range(_FILES):
            (files / f"file-{number:03}.txt").write_text(f"{number}\n")
        with datavc.connect(self._servers[0].url, token=self._token, author="bench") as client:
            client.create_repo("data")
            client.put(f"{files}/", "data:/folder/", recursive=True, message="first")
            for number in range(_THREADS):
                client.create_branch("data", f"own-{number}", start="main")

    def _start(self) -> None:
        urls = [server.url for server in self._servers]
        command = [sys.executable, str(_REQUESTER), self._kind, str(self.count), str(_THREADS)]
        self._process = subprocess.Popen(
            [*command, *urls], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "DATAVC_TOKEN": self._token},
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def _run(self) -> float:
        assert self._process is not None
        before = self._processor_time()
        start = time.perf_counter()
        self._process.communicate("go\n")
        seconds = time.perf_counter() - start
        assert self._process.returncode == 0, "a request failed"
        self.used.append(self._processor_time() - before)
        return seconds

    def _processor_time(self) -> float:
        return sum(processor_time(server.pid) for server in self._servers if server.pid)

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


def _prepare(bench: Bench, kind: str, count: int) -> Contest:
    requests = _Requests(bench, kind, count)
    return Contest(requests.side(), facts=requests.facts)


READS = Row(
    "requests-read", "6,000 small reads by HTTP of two servers, PostgreSQL and a local store",
    Target(_READS / 1000, seconds=True), 0, lambda bench: _prepare(bench, "read", _READS),
)  # fmt: skip
COMMITS = Row(
    "requests-commit", "960 small commits by HTTP to 16 branches of the same",
    Target(_COMMITS / 150, seconds=True), 0, lambda bench: _prepare(bench, "commit", _COMMITS),
)  # fmt: skip
