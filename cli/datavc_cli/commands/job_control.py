"""``datavc job stop``, ``restart`` and ``wait``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc.errors import InvalidInput
from datavc_cli.completion import complete_job, complete_pipeline
from datavc_cli.invocation import begin
from datavc_cli.options import Json, NoRun, Quiet
from datavc_cli.output import write_json, write_json_list
from datavc_cli.progress import job_progress
from datavc_cli.wording import short_run

_Job = Annotated[
    str,
    typer.Argument(metavar="JOB", autocompletion=complete_job, help="Its id, or the start of it."),
]


def stop(context: typer.Context, job: _Job, as_json: Json = False, quiet: Quiet = False) -> None:
    """Kill a job. Jobs that wait for its output are given up; what is done already is kept.

    JSON: a JobInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        stopped = client.stop_job(job)
    invocation.answer(
        stopped, f"stopped job {short_run(stopped.id)} of pipeline {stopped.pipeline}"
    )


def restart(
    context: typer.Context,
    job: Annotated[
        str | None,
        typer.Argument(
            metavar="[JOB]", autocompletion=complete_job, help="Its id, or the start of it."
        ),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="The last job of each pipeline, where it failed.")
    ] = False,
    pipeline: Annotated[
        str | None,
        typer.Option(
            "--pipeline",
            "-p",
            metavar="NAME",
            autocompletion=complete_pipeline,
            help="With --failed: only of this pipeline.",
        ),
    ] = None,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a job again that failed or was stopped. Datums that succeeded are not run again.

    JSON: an array of JobInfo.
    """
    from datavc_cli.landing import tell_jobs

    if (job is None) is not failed:
        raise InvalidInput("give either a job or --failed", hint="see `datavc job list`")
    if pipeline is not None and not failed:
        raise InvalidInput("--pipeline goes with --failed", hint="give one of the two up")
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client, job_progress(invocation) as progress:
        if job is None:
            jobs = client.restart_failed_jobs(pipeline, run=not no_run, progress=progress)
        else:
            jobs = client.restart_job(job, run=not no_run, progress=progress)
    if as_json:
        write_json_list(jobs)
    elif not jobs:
        invocation.advise("No last job of a pipeline has failed.")
    raise typer.Exit(tell_jobs(invocation, jobs))


def wait(
    context: typer.Context,
    job: _Job,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0, metavar="SECONDS", help="Give up after so long (exit 4)."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Wait until one job is over. Exits 1 if it failed. For its whole run: datavc wait JOB.

    JSON: a JobInfo.
    """
    from datavc_cli.landing import tell_jobs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client, job_progress(invocation) as progress:
        found = client.wait_for_job(job, timeout=timeout, progress=progress)
    if as_json:
        write_json(found)
    raise typer.Exit(tell_jobs(invocation, [found]))
