"""``datavc job``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.commands import job_control
from datavc_cli.completion import complete_job, complete_pipeline
from datavc_cli.invocation import begin
from datavc_cli.log_lines import Datum, Follow, Grep, Since, Tail, show_lines
from datavc_cli.options import Json, Limit, Quiet
from datavc_cli.output import write_fields, write_json, write_json_list, write_table
from datavc_cli.wording import moment, seconds, short, short_run

app = typer.Typer(no_args_is_help=True, help="List, stop and restart jobs, and read their logs.")
app.command()(job_control.stop)
app.command()(job_control.restart)
app.command()(job_control.wait)

_Job = Annotated[
    str,
    typer.Argument(metavar="JOB", autocompletion=complete_job, help="Its id, or the start of it."),
]


@app.command("list")
def list_jobs(
    context: typer.Context,
    pipeline: Annotated[
        str | None,
        typer.Option(
            "--pipeline",
            "-p",
            metavar="NAME",
            autocompletion=complete_pipeline,
            help="Only its jobs.",
        ),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Only jobs of this run.")
    ] = None,
    limit: Limit = 50,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List jobs, newest first.

    JSON: an array of JobInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        jobs = client.list_jobs(pipeline, run=run, limit=limit)
    if as_json:
        write_json_list(jobs)
    elif not jobs:
        invocation.advise("There is no job yet. A commit that a pipeline reads makes one.")
    else:
        rows = [
            (
                short_run(job.id),
                f"{job.pipeline}@{job.version}",
                job.state.value,
                f"{job.datums_total:,}",
                f"{job.datums_processed:,}",
                f"{job.datums_skipped:,}",
                f"{job.datums_failed:,}",
                moment(job.created_us),
                short(job.output),
            )
            for job in jobs
        ]
        header = ("JOB", "PIPELINE", "STATE", "DATUMS", "DONE", "SKIPPED", "FAILED", "CREATED")
        write_table((*header, "OUTPUT"), rows, right="DATUMS DONE SKIPPED FAILED")


@app.command()
def inspect(context: typer.Context, job: _Job, as_json: Json = False, quiet: Quiet = False) -> None:
    """Show one job.

    JSON: a JobInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.get_job(job)
    if as_json:
        write_json(found)
        return
    took = ""
    if found.started_us is not None and found.finished_us is not None:
        took = seconds((found.finished_us - found.started_us) / 1_000_000)
    write_fields(
        [
            ("job", found.id),
            ("pipeline", f"{found.pipeline}@{found.version}"),
            ("run", found.run_id),
            ("state", found.state.value),
            ("reason", found.reason),
            ("inputs", ", ".join(found.inputs)),
            ("parameters", ", ".join(f"{k}={v}" for k, v in found.parameters.items())),
            ("output", f"{found.pipeline}@{found.output}" if found.output else ""),
            ("executor", found.executor or ""),
            ("datums", f"{found.datums_total:,}"),
            ("processed", f"{found.datums_processed:,}"),
            ("skipped", f"{found.datums_skipped:,}"),
            ("failed", f"{found.datums_failed:,}"),
            ("recovered", f"{found.datums_recovered:,}" if found.datums_recovered else ""),
            ("created", moment(found.created_us)),
            ("started", moment(found.started_us)),
            ("finished", moment(found.finished_us)),
            ("took", took),
        ]
    )


@app.command()
def logs(
    context: typer.Context,
    job: _Job,
    datum: Datum = None,
    follow: Follow = False,
    since: Since = "",
    tail: Tail = None,
    grep: Grep = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print what a job's transforms printed, and what the engine says of it.

    JSON: an array of LogLine; with --follow, one LogLine a line.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        lines = client.job_logs(job, datum=datum, since=since, text=grep, tail=tail, follow=follow)
        show_lines(invocation, lines, with_job=False, follow=follow)
