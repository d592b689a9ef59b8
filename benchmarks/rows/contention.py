"""Many writers at once: to one branch, and each to a branch of its own."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.bench import Bench
from benchmarks.measure import Timing
from benchmarks.row import Contest, Missing, Row, Side, Target
from tests.services.postgres import running_postgres

_WRITERS = 16
_COMMITS = 20
_ONE = "all to one branch"
_OWN = "each to a branch of its own"
_ALONE = "all by one writer"
_WRITER = Path(__file__).parents[1] / "writer.py"


class _Writers:
    """Processes that commit small files to branches of one repo; fewer at small scales.

    Args:
        bench: where.
        database: URL of a database; None for SQLite.
    """

    def __init__(self, bench: Bench, database: str | None) -> None:
        self._home = bench.space("contention")
        self._database = database
        self._count = max(2, round(_WRITERS * min(1, bench.scale * 10)))
        self._each = max(2, round(_COMMITS * min(1, bench.scale * 10)))
        self._client = bench.cleanup.enter_context(bench.client(self._home, database))
        self._client.create_repo("data")
        self._client.put(b"first", "data:/first.txt", message="first")
        for branch in ("one", "alone", *self._own()):
            self._client.create_branch("data", branch, start="main")
        self._rounds = itertools.count()
        self._waiting: list[subprocess.Popen[str]] = []
        self._expected: dict[str, int] = {}
        self.refused = 0
        bench.cleanup.callback(self._stop)

    @property
    def commits(self) -> int:
        """How many commits all writers make together."""
        return self._count * self._each

    def side(self, name: str, kind: str) -> Side:
        """Writers to ``one`` branch, to their ``own`` branches, or one that is ``alone``."""
        branches = {"one": ["one"] * self._count, "own": self._own(), "alone": ["alone"]}[kind]
        return Side(name, self._run, lambda: self._start(branches), check=self._check)

    def _own(self) -> list[str]:
        return [f"own-{number}" for number in range(self._count)]

    def _start(self, branches: list[str]) -> None:
        each = self.commits // len(branches)
        turn = next(self._rounds)
        for number, branch in enumerate(branches):
            command = [self._home, self._database or "", branch, f"{turn}-{number}", each]
            writer = subprocess.Popen(
                [sys.executable, _WRITER, *map(str, command)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            self._waiting.append(writer)
            self._expected[branch] = self._expected.get(branch, 0) + each
        for writer in self._waiting:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"

    def _run(self) -> float:
        start = time.perf_counter()
        for writer in self._waiting:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        for writer in self._waiting:
            assert writer.stdout is not None
            self.refused += int(writer.stdout.readline())
        seconds = time.perf_counter() - start
        for writer in self._waiting:
            writer.communicate()
        self._waiting.clear()
        return seconds

    def _stop(self) -> None:
        for writer in self._waiting:
            writer.kill()
            writer.communicate()

    def _check(self) -> None:
        for branch, commits in self._expected.items():
            # The first commit is there from the start.
            made = list(self._client.log(f"data@{branch}", limit=commits + 2))[:-1]
            assert len(made) == commits, f"{branch}: {len(made)} commits of {commits}"
            files = list(self._client.ls(f"data@{branch}:/", recursive=True))[1:]
            assert len(files) == commits, f"{branch}: {len(files)} files of {commits}"

    def facts(self, timings: list[Timing]) -> list[str]:
        """Commits in a second, and what is lost by writing to one branch."""
        rates = {each.name: self.commits / each.median for each in timings}
        shown = ", ".join(f"{rate:,.0f} {name}" for name, rate in rates.items())
        lost = 1 - rates[_ONE] / rates[_OWN]
        return [
            f"{self._count} writers make {self.commits} commits; in a second: {shown}",
            f"lost on one branch: {lost:.0%}; {self.refused} puts were refused and made again",
        ]


def _prepare_sqlite(bench: Bench) -> Contest:
    return _prepare(_Writers(bench, None))


def _prepare_postgres(bench: Bench) -> Contest:
    try:
        server = bench.cleanup.enter_context(running_postgres(durable=True))
    except (pytest.skip.Exception, pytest.fail.Exception) as error:
        raise Missing(str(error)) from None
    return _prepare(_Writers(bench, bench.cleanup.enter_context(server.database())))


def _prepare(writers: _Writers) -> Contest:
    return Contest(
        writers.side(_ONE, "one"),
        beside=[writers.side(_OWN, "own"), writers.side(_ALONE, "alone")],
        facts=writers.facts,
    )


_TARGET = Target(1 / 0.9, over=_OWN)
SQLITE = Row(
    "contention-sqlite", "320 commits by 16 processes to one branch, SQLite and a local store",
    _TARGET, 0, _prepare_sqlite,
)  # fmt: skip
POSTGRES = Row("contention-postgres", "the same with PostgreSQL", _TARGET, 0, _prepare_postgres)
