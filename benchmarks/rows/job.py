"""A job of many datums that do next to nothing."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.process import remove
from benchmarks.row import Contest, Row, Side, Target
from datavc import Client

_SCRIPT = 'cp "$DATAVC_PFS"/data/* "$DATAVC_PFS"/out/'
_DATUMS = 1000
_ONE_BY_ONE = "the bare processes, one by one"


def prepare(bench: Bench) -> Contest:
    count = max(1, int(_DATUMS * bench.scale))
    source = bench.space("datums")
    source.mkdir()
    for number in range(count):
        (source / f"{number:04}.txt").write_text(f"{number}\n")
    opened: list[Client] = []
    os.environ["DATAVC_EXECUTOR"] = "process"

    def reset_ours() -> None:
        client = bench.client(bench.space("job"))
        client.create_repo("data")
        opened.append(client)
        bench.cleanup.callback(client.close)
        client.create_pipeline(
            {
                "pipeline": {"name": "copy"},
                "transform": {"cmd": ["sh", "-c", _SCRIPT]},
                "input": {"pfs": {"repo": "data", "glob": "/*"}},
            }
        )
        client.put(f"{source}/", "data", recursive=True, message="datums", run=False)

    def job() -> None:
        (done,) = opened[-1].wait("data")
        assert (done.state.value, done.datums_processed) == ("success", count), done.reason

    bare = bench.space("bare")
    folders = [bare / f"{number:04}" for number in range(count)]

    def reset_theirs() -> None:
        remove(bare)
        for folder in folders:
            (folder / "data").mkdir(parents=True)
            (folder / "out").mkdir()
            name = f"{folder.name}.txt"
            (folder / "data" / name).write_bytes((source / name).read_bytes())

    def loop() -> None:
        for folder in folders:
            _spawn(folder)

    def pool() -> None:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for _ in threads.map(_spawn, folders):
                pass

    return Contest(
        Side("job", job, reset_ours),
        beside=[
            Side(_ONE_BY_ONE, loop, reset_theirs),
            Side("the bare processes, one for each processor", pool, reset_theirs),
        ],
    )


def _spawn(folder: Path) -> None:
    env = {**os.environ, "DATAVC_PFS": str(folder)}
    subprocess.run(["sh", "-c", _SCRIPT], env=env, check=True)


ROW = Row(
    "job", "job of 1,000 trivial datums, process executor", Target(2, over=_ONE_BY_ONE), 0, prepare
)
