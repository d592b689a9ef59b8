"""A branch of many files."""

from __future__ import annotations

import itertools
import time

from benchmarks.bench import Bench, contest
from benchmarks.programs import DatavcCopy, Git, Oxen, WorkingCopy
from benchmarks.row import Contest, Row, Side, Target

_IN_PROCESS = "create_branch, in the process"


def prepare(bench: Bench) -> Contest:
    names = (f"branch-{number}" for number in itertools.count())

    def side(kind: type[WorkingCopy]) -> Side:
        program = bench.committed(kind, bench.small)
        return Side(kind.name, lambda: program.branch(next(names)))

    made = contest(side(DatavcCopy), (Git, Oxen), side)
    client = bench.cleanup.enter_context(bench.program(DatavcCopy, bench.small).client())

    def create() -> float:
        name = next(names)
        start = time.perf_counter()
        client.create_branch("data", name, start="main")
        return time.perf_counter() - start

    made.beside.append(Side(_IN_PROCESS, create))
    return made


ROW = Row(
    "branch", "branch create on 100,000 files", Target(0.010, of=_IN_PROCESS, seconds=True),
    0, prepare, data="small",
)  # fmt: skip
