"""``datavc logs``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc.errors import InvalidInput
from datavc_cli.completion import complete_job, complete_pipeline
from datavc_cli.invocation import begin
from datavc_cli.log_lines import Datum, Follow, Grep, Since, Tail, show_lines
from datavc_cli.options import Json, Quiet


def logs(
    context: typer.Context,
    job: Annotated[
        str | None,
        typer.Argument(
            metavar="[JOB]", autocompletion=complete_job, help="Its id, or the start of it."
        ),
    ] = None,
    pipeline: Annotated[
        str | None,
        typer.Option(
            "--pipeline",
            "-p",
            metavar="NAME",
            autocompletion=complete_pipeline,
            help="Instead of a job: all jobs of a pipeline.",
        ),
    ] = None,
    datum: Datum = None,
    follow: Follow = False,
    since: Since = "",
    tail: Tail = None,
    grep: Grep = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print what the transforms of a job or pipeline printed, and what the engine says of it.

    With --follow, lines come while datums run: of a job until it is over, of a pipeline from its
    last job on until you press Ctrl-C.

    JSON: an array of LogLine; with --follow, one LogLine a line.
    """
    if (job is None) is (pipeline is None):
        raise InvalidInput("give either a job or --pipeline", hint="see `datavc job list`")
    if datum is not None and job is None:
        raise InvalidInput("--datum goes with a job", hint="give the job, too")
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        if job is not None:
            lines = client.job_logs(
                job, datum=datum, since=since, text=grep, tail=tail, follow=follow
            )
        else:
            lines = client.pipeline_logs(
                pipeline or "", since=since, text=grep, tail=tail, follow=follow
            )
        show_lines(invocation, lines, with_job=job is None, follow=follow)
