"""``datavc pipeline``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc.model.service import is_standing
from datavc_cli.applying import as_yaml, create_or_update
from datavc_cli.commands import pipeline_control, pipeline_spec
from datavc_cli.completion import complete_pipeline
from datavc_cli.invocation import begin
from datavc_cli.options import Force, Json, NoRun, Quiet
from datavc_cli.output import write_fields, write_json, write_json_list, write_line, write_table
from datavc_cli.spec_source import SpecFile, TemplateArguments, read_spec
from datavc_cli.wording import moment, short, short_run

app = typer.Typer(no_args_is_help=True, help="Create, run, stop, update and inspect pipelines.")
app.command()(pipeline_control.run)
app.command()(pipeline_control.stop)
app.command()(pipeline_control.start)
for _verb in (
    pipeline_spec.validate,
    pipeline_spec.schema,
    pipeline_spec.history,
    pipeline_spec.diff,
    pipeline_spec.edit,
):
    app.command()(_verb)

_Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=complete_pipeline)]


@app.command()
def create(
    context: typer.Context,
    spec: SpecFile,
    arg: TemplateArguments = None,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Create the pipelines of a spec, each with its output repo, and run their first jobs.

    JSON: {"pipelines": an array of PipelineInfo, "jobs": an array of JobInfo}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    raise typer.Exit(
        create_or_update(
            invocation, read_spec(spec, arg), update=False, reprocess=False, no_run=no_run
        )
    )


@app.command()
def update(
    context: typer.Context,
    spec: SpecFile,
    arg: TemplateArguments = None,
    reprocess: Annotated[
        bool, typer.Option("--reprocess", help="Run every datum again, changed or not.")
    ] = False,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a new version of the pipelines of a spec; those that are missing are created.

    JSON: {"pipelines": an array of PipelineInfo, "jobs": an array of JobInfo}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    raise typer.Exit(
        create_or_update(
            invocation, read_spec(spec, arg), update=True, reprocess=reprocess, no_run=no_run
        )
    )


@app.command("list")
def list_pipelines(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """List all pipelines.

    JSON: an array of PipelineInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        pipelines = client.list_pipelines()
    if as_json:
        write_json_list(pipelines)
    elif not pipelines:
        invocation.advise("There is no pipeline yet. Create one: datavc pipeline create -f SPEC")
    else:
        rows = [
            (
                each.name,
                str(each.version),
                each.state,
                moment(each.created_us),
                each.last_job_state.value if each.last_job_state else "-",
            )
            for each in pipelines
        ]
        write_table(("NAME", "VERSION", "STATE", "CREATED", "LAST JOB"), rows, right="VERSION")


@app.command()
def inspect(
    context: typer.Context,
    name: _Name,
    version: Annotated[
        int | None, typer.Option("--version", min=1, metavar="N", help="An earlier version.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show one pipeline and its spec.

    JSON: a PipelineInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.get_pipeline(name, version=version)
    if as_json:
        write_json(found)
        return
    last = f"{short_run(found.last_job)} {found.last_job_state}" if found.last_job else ""
    write_fields(
        [
            ("name", found.name),
            ("version", str(found.version)),
            ("state", found.state),
            ("created", moment(found.created_us)),
            ("code digest", short(found.digest)),
            ("last job", last),
            ("program", found.last_job_reason if is_standing(found.spec) else ""),
        ]
    )
    write_line("spec")
    for line in as_yaml(found.spec):
        write_line(f"  {line}")


@app.command("run-cron")
def run_cron(
    context: typer.Context,
    name: _Name,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let all cron inputs of a pipeline tick now, beside their schedules.

    JSON: {"commits": an array of CommitInfo, "jobs": an array of JobInfo}.
    """
    from datavc_cli.landing import run_pipelines, tell_jobs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        ticks = client.run_cron(name, run=False)
        for tick in ticks:
            invocation.say(f"committed a tick: {tick.repo}@{short(tick.id)}")
        jobs = run_pipelines(invocation, client, ticks[0], no_run=no_run)
    if as_json:
        write_json({"commits": ticks, "jobs": jobs})
    raise typer.Exit(tell_jobs(invocation, jobs))


@app.command()
def delete(
    context: typer.Context,
    name: _Name,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Delete a pipeline, its jobs, its output repo, and the repos that were made for its ticks.

    JSON: {"deleted": NAME}.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        client.delete_pipeline(name, force=force)
    invocation.answer({"deleted": name}, f"deleted pipeline {name} and its output repo")
