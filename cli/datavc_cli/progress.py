"""Progress on standard error, where it is a terminal: bytes of a transfer, datums of jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datavc_cli.invocation import Invocation
from datavc_cli.wording import short

if TYPE_CHECKING:
    from datavc.model.job import JobInfo


def _ignore(_: object) -> None:
    return


@contextmanager
def byte_progress(invocation: Invocation, verb: str) -> Iterator[Callable[[int], None]]:
    """A bar that counts bytes; gives what is to be called with each more."""
    if not invocation.shows_progress:
        yield _ignore
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn
    from rich.progress import TimeElapsedColumn, TransferSpeedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )
    lock = threading.Lock()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(verb)
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            with lock:
                done += count
            bar.update(task, completed=done)

        yield advance


@contextmanager
def job_progress(invocation: Invocation) -> Iterator[Callable[[JobInfo], None]]:
    """A bar for each job; gives what is to be called as jobs move on."""
    if not invocation.shows_progress:
        yield _ignore
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID
    from rich.progress import TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
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
            done = job.datums_processed + job.datums_skipped + job.datums_failed
            bar.update(
                tasks[job.id],
                description=f"{job.pipeline} {short(job.id)} {job.state.value}",
                total=job.datums_total,
                completed=done,
            )

        yield show
