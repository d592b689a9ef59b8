"""Many small files out."""

from __future__ import annotations

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
    ours, theirs = bench.space("got"), bench.space("restored")

    return Pair(
        Side(
            "datavc get",
            lambda: bench.datavc(home, "get", "data", "-o", str(ours)),
            lambda: bench.space("got"),
        ),
        [
            Side(
                "restic restore",
                lambda: restic("restore", "latest", "--target", str(theirs)),
                lambda: bench.space("restored"),
            )
        ],
        facts=lambda: [check_same(small, ours)],
    )


ROW = Row(
    "get-small", "get of the 100,000 files into an empty folder", "restic restore", 0.8,
    3 * 1024**3 // 2, prepare,
)  # fmt: skip
