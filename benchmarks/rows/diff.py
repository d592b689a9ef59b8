"""What changed between two commits of many files."""

from __future__ import annotations

import time

from benchmarks.bench import Bench
from benchmarks.data import FOLDERS, change_files
from benchmarks.git import Git
from benchmarks.row import Pair, Row, Side


def prepare(bench: Bench) -> Pair:
    small, home = bench.small(), bench.home("diff")
    git = Git(bench.space("git"), small)
    for message in ("first", "changed"):
        bench.datavc(home, "put", "-r", f"{small}/", "data", "-m", message)
        git.commit_all()
        change_files(small)

    def diff() -> float:
        # A client of its own each time, so that no tree is in memory yet.
        with bench.client(home) as client:
            client.resolve("data")
            start = time.perf_counter()
            count = sum(1 for _ in client.diff("data@main~1", "data@main"))
            seconds = time.perf_counter() - start
        assert count == FOLDERS
        return seconds

    return Pair(
        Side("Client.diff", diff),
        [Side("git diff", lambda: git("diff", "--name-only", "HEAD~1", "HEAD"))],
    )


ROW = Row(
    "diff", "diff of two commits of 100,000 files, 100 changed, in the process",
    "git diff --name-only", 1.0, 0, prepare,
)  # fmt: skip
