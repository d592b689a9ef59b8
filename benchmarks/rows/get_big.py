"""One big file out."""

from __future__ import annotations

from benchmarks.bench import Bench, remove, run
from benchmarks.row import Pair, Row, Side
from benchmarks.same import check_same


def prepare(bench: Bench) -> Pair:
    big, home = bench.big(), bench.home("get-big")
    bench.datavc(home, "put", str(big), "data:/big.bin", "-m", "put")
    got, copy = bench.space("got.bin"), bench.space("copy.bin")
    return Pair(
        Side(
            "datavc get",
            lambda: bench.datavc(home, "get", "data:/big.bin", "-o", str(got)),
            lambda: remove(got),
        ),
        [Side("cp", lambda: run(["cp", str(big), str(copy)]), lambda: remove(copy))],
        facts=lambda: [check_same(big, got)],
    )


ROW = Row("get-big", "get of the 2 GiB file", "cp", 2.0, 5 * 1024**3, prepare)
