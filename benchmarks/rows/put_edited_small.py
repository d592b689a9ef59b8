"""Many small files again, after a few of them changed."""

from __future__ import annotations

from itertools import pairwise

from benchmarks.bench import Bench
from benchmarks.data import bytes_below, change_files
from benchmarks.git import Git
from benchmarks.row import Pair, Row, Side


def prepare(bench: Bench) -> Pair:
    small, home = bench.small(), bench.home("put-edited-small")
    git = Git(bench.space("git"), small)
    bench.datavc(home, "put", "-r", f"{small}/", "data", "-m", "first")
    git.commit_all()
    growth: list[int] = []

    def put() -> None:
        bench.datavc(home, "put", "-r", f"{small}/", "data", "-m", "changed")

    def reset_ours() -> None:
        stored.append(bytes_below(home / "store"))
        change_files(small)

    def grown() -> list[str]:
        stored.append(bytes_below(home / "store"))
        growth.extend(after - before for before, after in pairwise(stored))
        return [f"{max(growth) / 1024**2:.2f} MiB stored at most (limit 2)"]

    stored: list[int] = []
    return Pair(
        Side("datavc put -r -m", put, reset_ours),
        [Side("git add + commit", git.commit_all, lambda: change_files(small))],
        facts=grown,
    )


ROW = Row(
    "put-edited-small", "the same folder with 100 files changed", "git add + commit", 3.0,
    3 * 1024**3 // 2, prepare,
)  # fmt: skip
