"""One big file in, durable."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.bench import Bench, remove, run
from benchmarks.row import Pair, Row, Side

_OXEN = """
import sys
from oxen import Repo
repo = Repo(sys.argv[1])
repo.init()
repo.add(sys.argv[2])
repo.commit("put")
"""


def prepare(bench: Bench) -> Pair:
    big, copy = bench.big(), bench.space("copy.bin")
    home = bench.folder / "runs" / "put-big"
    pair = Pair(
        Side(
            "datavc put -m",
            lambda: bench.datavc(home, "put", str(big), "data", "-m", "put"),
            lambda: bench.home("put-big"),
        ),
        [
            Side(
                "dd conv=fsync",
                lambda: run(["dd", f"if={big}", f"of={copy}", "bs=4M", "conv=fsync"]),
                lambda: remove(copy),
            )
        ],
    )
    python = os.environ.get("DATAVC_BENCH_OXEN")
    if python is None:
        pair.absent.append("Oxen: DATAVC_BENCH_OXEN names no Python that has oxenai")
    else:
        pair.peers.append(_oxen(bench, python, big))
    return pair


def _oxen(bench: Bench, python: str, big: Path) -> Side:
    folder = bench.folder / "runs" / "oxen"

    def reset() -> None:
        bench.space("oxen").mkdir()
        # Oxen wants its files inside the repository; a link costs no second copy on the disk.
        os.link(big, folder / "big.bin")

    def add() -> None:
        run([python, "-c", _OXEN, str(folder), str(folder / "big.bin")], env={"HOME": str(home)})

    home = bench.space("oxen-home")
    home.mkdir()
    setup = "from oxen.user import config_user; config_user('bench', 'bench@example.com')"
    run([python, "-c", setup], env={"HOME": str(home)})
    return Side("oxen add + commit", add, reset)


ROW = Row(
    "put-big", "put + commit of one 2 GiB incompressible file, durable", "dd + fsync", 1.5,
    5 * 1024**3, prepare,
)  # fmt: skip
