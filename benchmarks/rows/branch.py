"""A branch of many files."""

from __future__ import annotations

import itertools
import time

from benchmarks.bench import Bench
from benchmarks.row import Pair, Row, Side


def prepare(bench: Bench) -> Pair:
    home = bench.home("branch")
    bench.datavc(home, "put", "-r", f"{bench.small()}/", "data", "-m", "put")
    client = bench.cleanup.enter_context(bench.client(home))
    names = (f"branch-{number}" for number in itertools.count())

    def create() -> float:
        name = next(names)
        start = time.perf_counter()
        client.create_branch("data", name, start="main")
        return time.perf_counter() - start

    return Pair(Side("create_branch", create))


ROW = Row("branch", "branch create on 100,000 files, in the process", "", 0.010, 0, prepare)
