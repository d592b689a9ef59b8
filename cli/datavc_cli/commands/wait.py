"""``datavc wait``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json_list
from datavc_cli.progress import job_progress


def wait(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="COMMIT|JOB|RUN", autocompletion=complete_address, help="REPO[@REF], or an id."
        ),
    ],
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0, metavar="SECONDS", help="Give up after so long (exit 4)."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Wait until all that followed from a commit is over. Exits 1 if a job failed.

    JSON: an array of JobInfo.
    """
    from datavc_cli.landing import tell_jobs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client, job_progress(invocation) as progress:
        jobs = client.wait(what, timeout=timeout, progress=progress)
    if as_json:
        write_json_list(jobs)
    elif not jobs:
        invocation.advise("It started no job. See those of pipelines: datavc job list")
    raise typer.Exit(tell_jobs(invocation, jobs))
