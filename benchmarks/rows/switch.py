"""A working copy of many files, brought to another branch."""

from __future__ import annotations

from itertools import cycle

from benchmarks.bench import Bench, contest
from benchmarks.programs import DatavcCopy, Dvc, Git, GitLfs, Oxen, WorkingCopy
from benchmarks.row import Contest, Row, Side, Target


def prepare(bench: Bench) -> Contest:
    return contest(
        _side(bench, DatavcCopy), (Git, GitLfs, Dvc, Oxen), lambda kind: _side(bench, kind)
    )


def _side(bench: Bench, kind: type[WorkingCopy]) -> Side:
    program = bench.committed(kind, bench.small)
    # Oxen goes to a branch when it makes one.
    program.switch("main")
    program.branch("before")
    program.switch("main")
    program.change()
    program.commit()
    branches = cycle(["before", "main"])

    def check() -> None:
        contents = set()
        for name in ("before", "main"):
            program.switch(name)
            contents.add((program.data / "folder-000" / "file-0000.bin").read_bytes())
        assert len(contents) == 2, f"{kind.name} does not switch"

    return Side(kind.name, lambda: program.switch(next(branches)), check=check)


ROW = Row(
    "switch", "switch of a working copy of 100,000 files to a branch where 100 differ", Target(1),
    0, prepare, data="small",
)  # fmt: skip
