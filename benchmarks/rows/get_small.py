"""Many small files out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.restic import Restic
from benchmarks.row import Pair, Row, Side
from benchmarks.same import check_same


def prepare(bench: Bench) -> Pair:
    small, home = bench.small(), bench.home("get-small")
    bench.datavc(home, "put", "-r", f"{small}/", "data", "-m", "put")
    restic = Restic(str(bench.space("restic")), bench.space("restic-cache"))
    restic("init")
    restic("backup", ".", cwd=small)
    # Every run has folders of its own, which stay until the last one: some file systems (ext4
    # without a journal) are slow for minutes where many files were removed.
    ours, theirs = _places(bench, "got"), _places(bench, "restored")

    def get() -> None:
        bench.datavc(home, "get", "data", "-o", str(next(ours)))

    def restore() -> None:
        restic("restore", "latest", "--target", str(next(theirs)))

    return Pair(
        Side("datavc get", get),
        [Side("restic restore", restore)],
        facts=lambda: [check_same(small, bench.folder / "runs" / "got-0")],
    )


def _places(bench: Bench, name: str) -> Iterator[Path]:
    return (bench.space(f"{name}-{number}") for number in itertools.count())


ROW = Row(
    "get-small", "get of the 100,000 files into an empty folder", "restic restore", 0.8,
    3 * 1024**3 // 2, prepare,
)  # fmt: skip
