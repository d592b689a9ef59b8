"""What changed between two commits of many files."""

from __future__ import annotations

import time

from benchmarks.bench import Bench, contest
from benchmarks.programs import Borg, Comparing, Datavc, Dvc, Git, GitLfs, Restic
from benchmarks.row import Contest, Row, Side, Target
from benchmarks.work import FOLDERS

_IN_PROCESS = "Client.diff, in the process"


def prepare(bench: Bench) -> Contest:
    def side(kind: type[Comparing]) -> Side:
        program = bench.committed(kind, bench.small, versions=2)

        def check() -> None:
            assert program.diff() == FOLDERS, f"{kind.name} finds other changes"

        return Side(kind.name, program.diff, check=check)

    made = contest(side(Datavc), (Git, GitLfs, Dvc, Restic, Borg), side)
    made.beside.append(Side(_IN_PROCESS, lambda: _in_process(bench)))
    return made


def _in_process(bench: Bench) -> float:
    # A client of its own each time, so that no tree is in memory yet.
    with bench.program(Datavc, bench.small).client() as client:
        client.resolve("data")
        start = time.perf_counter()
        count = sum(1 for _ in client.diff("data@main~1", "data@main"))
        seconds = time.perf_counter() - start
    assert count == FOLDERS
    return seconds


ROW = Row(
    "diff", "diff of two commits of 100,000 files, 100 changed", Target(1, of=_IN_PROCESS),
    0, prepare, data="small",
)  # fmt: skip
