"""Progress on standard error, where it is a terminal: transfers, jobs, and other long work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datavc_cli.invocation import Invocation
from datavc_cli.wording import safe, short_run

if TYPE_CHECKING:
    from datavc.model.job import JobInfo


@contextmanager
def transfer_progress(
    invocation: Invocation, verb: str
) -> Iterator[Callable[[int, int], None] | None]:
    """A line that counts; gives what to call with each more files and bytes, if anything."""
    if not invocation.shows_progress:
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        DownloadColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TransferSpeedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[files]:,} files"),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )
    lock = threading.Lock()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(safe(verb), total=None, files=0)
        all_files = all_bytes = 0

        def advance(files: int, count: int) -> None:
            nonlocal all_files, all_bytes
            with lock:
                all_files += files
                all_bytes += count
                bar.update(task, completed=all_bytes, files=all_files)

        yield advance


@contextmanager
def job_progress(invocation: Invocation) -> Iterator[Callable[[JobInfo], None]]:
    """A bar for each job; gives what is to be called as jobs move on.

    Where there are no bars, only why a job has to wait is told.
    """
    if not invocation.shows_progress:
        yield _tell_why_jobs_wait(invocation)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("datums"),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    lock = threading.Lock()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:

        def show(job: JobInfo) -> None:
            with lock:
                if job.id not in tasks:
                    tasks[job.id] = bar.add_task("")
            done = (
                job.datums_processed + job.datums_skipped + job.datums_failed + job.datums_recovered
            )
            bar.update(
                tasks[job.id],
                description=" ".join(
                    (job.pipeline, short_run(job.id), job.state.value, _why_it_waits(job))
                ).rstrip(),
                total=job.datums_total,
                completed=done,
            )

        yield show


def _why_it_waits(job: JobInfo) -> str:
    from datavc.model.job import JobState

    return job.reason if job.state is JobState.WAITING else ""


def _tell_why_jobs_wait(invocation: Invocation) -> Callable[[JobInfo], None]:
    told: set[tuple[str, str]] = set()

    def tell(job: JobInfo) -> None:
        why = _why_it_waits(job)
        if why and (job.id, why) not in told:
            told.add((job.id, why))
            invocation.advise(f"job {short_run(job.id)} of pipeline {job.pipeline} is {why}")

    return tell


@contextmanager
def step_progress(invocation: Invocation) -> Iterator[Callable[[str, int], None] | None]:
    """A line for each step that counts; gives what to call as it moves on, if anything."""
    if not invocation.shows_progress:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:,.0f} {task.description}", markup=False),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:

        def show(what: str, more: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=None)
            bar.advance(tasks[what], more)

        yield show
