"""``datavc pipeline stop``, ``start`` and ``run``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc.errors import InvalidInput
from datavc_cli.completion import complete_address, complete_pipeline
from datavc_cli.invocation import Invocation, begin
from datavc_cli.named_values import split_named_values
from datavc_cli.options import Json, NoRun, Quiet
from datavc_cli.output import write_json_list
from datavc_cli.progress import job_progress
from datavc_cli.wording import short_run

_Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=complete_pipeline)]


def stop(context: typer.Context, name: _Name, as_json: Json = False, quiet: Quiet = False) -> None:
    """Let a pipeline run no jobs until it is started again; those that run are killed.

    JSON: a PipelineInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        stopped = client.stop_pipeline(name)
    invocation.answer(stopped, f"stopped pipeline {name}")


def start(
    context: typer.Context,
    name: _Name,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let a stopped pipeline run again. What it missed is caught up with by one job.

    JSON: an array of JobInfo.
    """
    from datavc_cli.landing import tell_jobs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client, job_progress(invocation) as progress:
        jobs = client.start_pipeline(name, run=not no_run, progress=progress)
        inline = client.runs_inline
    if as_json:
        write_json_list(jobs)
    invocation.say(f"started pipeline {name}")
    if not jobs:
        invocation.advise("It has missed nothing.")
    code = tell_jobs(invocation, jobs)
    if jobs and not inline:
        _advise_to_wait(invocation, jobs[0].id)
    raise typer.Exit(code)


def run(
    context: typer.Context,
    name: _Name,
    commits: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[REPO@REF]...",
            autocompletion=complete_address,
            help="Where inputs are to be read; the others are read at their heads.",
        ),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Another value of a variable of transform.env, for this run alone.",
        ),
    ] = None,
    reprocess: Annotated[
        bool, typer.Option("--reprocess", help="Run every datum again, changed or not.")
    ] = False,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a pipeline by hand, on what its inputs hold now, or held at given commits.

    Other values of --param are other results: datums that ran with the same ones are skipped.
    With --reprocess the pipeline gets a new version that differs in nothing else.

    JSON: an array of JobInfo.
    """
    from datavc_cli.landing import tell_jobs

    if reprocess and (commits or param):
        raise InvalidInput(
            "--reprocess runs the spec as it is on what the inputs hold now",
            hint="leave the commits and --param out",
        )
    parameters = split_named_values(param, "--param")
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client, job_progress(invocation) as progress:
        if reprocess:
            jobs = client.reprocess_pipeline(name, run=not no_run, progress=progress)
        else:
            jobs = client.run_pipeline(
                name, commits or (), parameters=parameters, run=not no_run, progress=progress
            )
        inline = client.runs_inline
    if as_json:
        write_json_list(jobs)
    code = tell_jobs(invocation, jobs)
    if jobs and not inline:
        _advise_to_wait(invocation, jobs[0].id)
    raise typer.Exit(code)


def _advise_to_wait(invocation: Invocation, job: str) -> None:
    invocation.advise(f"Its job has begun: datavc job wait {short_run(job)}")
