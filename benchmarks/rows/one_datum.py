"""A pipeline of a hundred thousand datums, of which one or none is new."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Timing
from benchmarks.row import Contest, Row, Side, Target
from datavc import Client
from datavc.model.job import JobInfo

_DATUMS = 100_000
_IN_FOLDER = 1000
_SKIPPED = "all skipped after an update that changes no code"


class _Pipeline:
    """Runs all datums once, to begin with."""

    def __init__(self, bench: Bench) -> None:
        self._count = max(1, int(_DATUMS * bench.scale))
        self._added = itertools.count()
        self._descriptions = itertools.count()
        os.environ["DATAVC_EXECUTOR"] = "process"
        source = bench.space("datums")
        self._fill(source)
        self._client: Client = bench.cleanup.enter_context(bench.client(bench.space("pipeline")))
        self._client.create_repo("raw")
        self._client.put(f"{source}/", "raw", recursive=True, message="all", run=False)
        (job,) = self._create(update=False)
        assert job.datums_processed == self._count, job.reason

    def add(self) -> None:
        """Commit one new file, and wait for what follows."""
        path = f"/new/{next(self._added)}.txt"
        self._client.put(os.urandom(8), f"raw:{path}", message="one more")
        self._expect(self._client.list_jobs("p", limit=1)[0], 1)

    def update(self) -> None:
        """Change the description, and wait for what follows."""
        (job,) = self._create(update=True)
        self._expect(job, 0)

    def facts(self, timings: list[Timing]) -> list[str]:
        """How quickly unchanged datums are skipped."""
        skipped = next(each for each in timings if each.name == _SKIPPED)
        return [f"{self._count:,} unchanged datums: skipped in {skipped.median:.2f} s (limit 2)"]

    def _fill(self, source: Path) -> None:
        for number in range(self._count):
            folder = source / f"{number // _IN_FOLDER:03}"
            if number % _IN_FOLDER == 0:
                folder.mkdir(parents=True)
            (folder / f"{number:06}.txt").write_text(str(number))

    def _create(self, *, update: bool) -> list[JobInfo]:
        document = {
            "pipeline": {"name": "p"},
            "description": f"text {next(self._descriptions)}",
            "transform": {"cmd": ["true"]},
            "input": {"pfs": {"repo": "raw", "glob": "/*/*"}},
        }
        self._client.create_pipeline(document, update=update)
        return self._client.wait(self._client.list_jobs("p", limit=1)[0].id)

    @staticmethod
    def _expect(job: JobInfo, processed: int) -> None:
        assert (job.state.value, job.datums_processed) == ("success", processed), job.reason


def _prepare(bench: Bench) -> Contest:
    pipeline = _Pipeline(bench)
    return Contest(
        Side("job", pipeline.add), beside=[Side(_SKIPPED, pipeline.update)], facts=pipeline.facts
    )


ROW = Row(
    "one-datum", "one new file for a pipeline of 100,000 datums, put and job in the process",
    Target(2, seconds=True), 0, _prepare,
)  # fmt: skip
