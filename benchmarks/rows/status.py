"""What is changed in a working copy of many files."""

from __future__ import annotations

from benchmarks.bench import Bench, contest
from benchmarks.programs import DatavcCopy, Dvc, Git, GitLfs, Oxen, WorkingCopy
from benchmarks.row import Contest, Row, Side, Target, nothing


def _prepare_same(bench: Bench) -> Contest:
    return _prepare(bench, changed=False)


def _prepare_changed(bench: Bench) -> Contest:
    return _prepare(bench, changed=True)


def _prepare(bench: Bench, *, changed: bool) -> Contest:
    def side(kind: type[WorkingCopy]) -> Side:
        program = bench.committed(kind, bench.small)

        def check() -> None:
            assert (program.status() > 0) == changed, f"{kind.name} is wrong about its files"

        return Side(kind.name, program.status, program.change if changed else nothing, check=check)

    return contest(side(DatavcCopy), (Git, GitLfs, Dvc, Oxen), side)


SAME = Row(
    "status", "status of a working copy of 100,000 files, nothing changed", Target(1),
    0, _prepare_same, data="small",
)  # fmt: skip
CHANGED = Row(
    "status-changed", "the same with 100 files changed", Target(1),
    0, _prepare_changed, data="small",
)  # fmt: skip
