"""Jobs of many datums that do next to nothing."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.bench import Bench
from benchmarks.measure import Role, Timing
from benchmarks.process import remove
from benchmarks.row import Contest, Missing, Row, Side, Target
from datavc import Client
from tests.services.docker_engine import require_engine, require_image

_COPY = 'cp "$DATAVC_PFS"/data/* "$DATAVC_PFS"/out/'
#: The shell does it by itself, without a second program.
_WRITE = 'echo x >"$DATAVC_PFS"/out/${DATAVC_DATUM_ID:-x}'
_COPIED, _WRITTEN, _IN_CONTAINERS = 1000, 10_000, 2000
#: So many bare processes tell what more would.
_BARE = 1000
_ONE_BY_ONE = "the bare processes, one by one"


class _Jobs:
    """A new home for each run, whose repo has a datum in each file.

    Args:
        bench: where.
        executor: what runs the transform.
        transform: the spec's.
        count: files.
    """

    def __init__(
        self, bench: Bench, executor: str, transform: dict[str, object], count: int
    ) -> None:
        self._bench = bench
        self._executor = executor
        self._transform = transform
        self.count = max(1, int(count * bench.scale))
        self.source = bench.space("datums")
        self.source.mkdir()
        for number in range(self.count):
            (self.source / f"{number:05}.txt").write_text(f"{number}\n")
        self._client: Client | None = None

    def reset(self) -> None:
        """Make a home with everything committed and nothing run."""
        os.environ["DATAVC_EXECUTOR"] = self._executor
        client = self._client = self._bench.client(self._bench.space("job"))
        self._bench.cleanup.callback(client.close)
        client.create_repo("data")
        client.create_pipeline(
            {
                "pipeline": {"name": "copy"},
                "transform": self._transform,
                "input": {"pfs": {"repo": "data", "glob": "/*"}},
            }
        )
        client.put(f"{self.source}/", "data", recursive=True, message="datums", run=False)

    def run(self) -> None:
        """Run the job."""
        assert self._client is not None
        (done,) = self._client.wait("data")
        assert (done.state.value, done.datums_processed) == ("success", self.count), done.reason

    def facts(self, timings: list[Timing]) -> list[str]:
        """Datums in a second."""
        return [f"{each.name}: {self._count(each) / each.median:,.0f} datums/s" for each in timings]

    def _count(self, timing: Timing) -> int:
        return self.count if timing.role is Role.OURS else min(self.count, _BARE)


class _BareProcesses:
    """The same transforms as processes, with nothing around them; no more than are needed."""

    def __init__(self, bench: Bench, jobs: _Jobs, script: str) -> None:
        self._folder = bench.space("bare")
        self._jobs = jobs
        self._script = script
        self._datums = [self._folder / f"{number:05}" for number in range(min(jobs.count, _BARE))]

    def sides(self) -> list[Side]:
        """One after the other, and as many at once as there are processors."""
        few = len(self._datums)
        of = "" if few == self._jobs.count else f", {few:,} of them"
        return [
            Side(f"{_ONE_BY_ONE}{of}", self._loop, self._reset),
            Side(f"the bare processes, one for each processor{of}", self._pool, self._reset),
        ]

    def _reset(self) -> None:
        remove(self._folder)
        for folder in self._datums:
            (folder / "data").mkdir(parents=True)
            (folder / "out").mkdir()
            name = f"{folder.name}.txt"
            (folder / "data" / name).write_bytes((self._jobs.source / name).read_bytes())

    def _loop(self) -> None:
        for folder in self._datums:
            self._spawn(folder)

    def _pool(self) -> None:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for _ in threads.map(self._spawn, self._datums):
                pass

    def _spawn(self, folder: Path) -> None:
        env = {**os.environ, "DATAVC_PFS": str(folder)}
        subprocess.run(["sh", "-c", self._script], env=env, check=True)


def _prepare_copies(bench: Bench) -> Contest:
    return _prepare_processes(bench, _COPY, _COPIED)


def _prepare_writes(bench: Bench) -> Contest:
    return _prepare_processes(bench, _WRITE, _WRITTEN)


def _prepare_processes(bench: Bench, script: str, count: int) -> Contest:
    jobs = _Jobs(bench, "process", {"cmd": ["sh", "-c", script]}, count)
    bare = _BareProcesses(bench, jobs, script)
    return Contest(Side("job", jobs.run, jobs.reset), beside=bare.sides(), facts=jobs.facts)


def _prepare_containers(bench: Bench) -> Contest:
    try:
        require_engine()
        image = require_image()
    except (pytest.skip.Exception, pytest.fail.Exception) as error:
        raise Missing(str(error)) from None
    transform: dict[str, object] = {"image": image, "cmd": ["sh", "-c", _WRITE]}
    jobs = _Jobs(bench, "docker", transform, _IN_CONTAINERS)
    return Contest(Side("job", jobs.run, jobs.reset), facts=jobs.facts)


COPIES = Row(
    "job", "job of 1,000 datums that copy a file, process executor", Target(2, over=_ONE_BY_ONE),
    0, _prepare_copies,
)  # fmt: skip
WRITES = Row(
    "job-process", "job of 10,000 trivial datums, process executor", Target(10, seconds=True),
    0, _prepare_writes,
)  # fmt: skip
CONTAINERS = Row(
    "job-docker", "job of 2,000 trivial datums in warm containers", Target(20, seconds=True),
    0, _prepare_containers,
)  # fmt: skip
