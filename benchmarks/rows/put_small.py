"""Many small files in."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.restic import Restic
from benchmarks.row import Pair, Row, Side


def prepare(bench: Bench) -> Pair:
    small = bench.small()
    home = bench.folder / "runs" / "put-small"
    restic = Restic(str(bench.folder / "runs" / "restic"), bench.folder / "runs" / "restic-cache")

    def reset_restic() -> None:
        bench.space("restic-cache")
        bench.space("restic")
        restic("init")

    return Pair(
        Side(
            "datavc put -r -m",
            lambda: bench.datavc(home, "put", "-r", f"{small}/", "data", "-m", "put"),
            lambda: bench.home("put-small"),
        ),
        [Side("restic backup", lambda: restic("backup", ".", cwd=small), reset_restic)],
    )


ROW = Row(
    "put-small", "put + commit of 100,000 files of 4 KiB in 100 folders", "restic backup", 0.8,
    3 * 1024**3 // 2, prepare,
)  # fmt: skip
