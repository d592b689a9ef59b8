"""The big file again, with 1 KiB inserted in its middle."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.data import bytes_below, insert
from benchmarks.row import Pair, Row, Side


def prepare(bench: Bench) -> Pair:
    big, edited = bench.big(), bench.space("edited.bin")
    home, fresh = bench.home("put-edited"), bench.folder / "runs" / "put-first"
    bench.datavc(home, "put", str(big), "data:/big.bin", "-m", "first")
    growth: list[int] = []

    def put_edited() -> None:
        before = bytes_below(home / "store")
        bench.datavc(home, "put", str(edited), "data:/big.bin", "-m", "edited")
        growth.append(bytes_below(home / "store") - before)

    return Pair(
        Side("datavc put -m", put_edited, lambda: insert(big, edited)),
        [
            Side(
                "the first put",
                lambda: bench.datavc(fresh, "put", str(big), "data:/big.bin", "-m", "first"),
                lambda: bench.home("put-first"),
            )
        ],
        facts=lambda: [f"{max(growth) / 1024:,.0f} KiB stored at most (limit 1,024)"],
    )


ROW = Row(
    "put-edited-big", "the same with 1 KiB inserted in the middle", "the first put", 0.8,
    5 * 1024**3, prepare,
)  # fmt: skip
