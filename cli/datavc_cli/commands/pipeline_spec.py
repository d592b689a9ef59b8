"""``datavc pipeline validate``, ``schema``, ``history``, ``diff`` and ``edit``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from datavc.errors import DatavcError, InvalidInput
from datavc_cli.applying import as_yaml, create_or_update
from datavc_cli.completion import complete_pipeline
from datavc_cli.invocation import begin
from datavc_cli.options import Json, NoRun, Quiet
from datavc_cli.output import (
    paint,
    write_fields,
    write_json,
    write_json_list,
    write_table,
)
from datavc_cli.spec_source import SpecFile, TemplateArguments, read_spec
from datavc_cli.wording import count, moment, safe, short

_Name = Annotated[str, typer.Argument(metavar="NAME", autocompletion=complete_pipeline)]


def validate(
    context: typer.Context,
    spec: SpecFile,
    arg: TemplateArguments = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check a spec, and say what it would do. Nothing is created or run.

    JSON: an array of SpecReport.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        reports = client.validate_pipelines(read_spec(spec, arg))
    if as_json:
        write_json_list(reports)
        return
    for report in reports:
        if report.version == 1:
            what = "new"
        else:
            code = "changed code" if report.changes_code else "the same code"
            what = f"version {report.version}, with {code}"
        datums = "none: an input has no commit yet"
        if report.datums is not None:
            datums = count(report.datums, "datum")
        fields = [("pipeline", f"{report.pipeline} ({what})")]
        fields += [
            ("input", f"{each.name}: {each.repo}@{each.branch}:{each.glob}")
            for each in report.inputs
        ]
        fields.append(("datums now", datums))
        fields += [("warning", text) for text in report.warnings]
        fields += [("by default", f"{name}: {text}") for name, text in report.defaults.items()]
        write_fields(fields)


def schema(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="It is JSON in any case.")] = False,
    quiet: Quiet = False,
) -> None:
    """Print the JSON Schema of specs, for editors that check while you write.

    JSON: the schema.
    """
    from datavc.model.pipeline_schema import pipeline_schema_text

    begin(context, as_json=as_json, quiet=quiet)
    sys.stdout.write(pipeline_schema_text())


def history(
    context: typer.Context, name: _Name, as_json: Json = False, quiet: Quiet = False
) -> None:
    """List the versions of a pipeline, newest first.

    JSON: an array of PipelineInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        versions = client.list_pipeline_versions(name)
    if as_json:
        write_json_list(versions)
        return
    rows = [(str(each.version), moment(each.created_us), short(each.digest)) for each in versions]
    write_table(("VERSION", "CREATED", "CODE"), rows, right="VERSION")


def diff(
    context: typer.Context,
    name: _Name,
    old: Annotated[int | None, typer.Argument(min=1, metavar="[OLD]")] = None,
    new: Annotated[int | None, typer.Argument(min=1, metavar="[NEW]")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show the fields in which two versions of a pipeline differ; the last two, unless given.

    JSON: a PipelineDiff.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.diff_pipeline(name, old, new)
    if as_json:
        write_json(found)
        return
    if not found.changes:
        invocation.advise(f"Versions {found.old} and {found.new} have the same spec.")
    for change in found.changes:
        for sign, value, color in (("-", change.old, "red"), ("+", change.new, "green")):
            if value is not None:
                text = safe(f"{sign} {change.path}: {_one_line(value)}")
                sys.stdout.write(f"{paint(text, color=color)}\n")


def edit(
    context: typer.Context,
    name: _Name,
    reprocess: Annotated[
        bool, typer.Option("--reprocess", help="Run every datum again, changed or not.")
    ] = False,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Edit a pipeline's spec in $EDITOR, and make what was saved its new version.

    JSON: {"pipelines": an array of PipelineInfo, "jobs": an array of JobInfo}.
    """
    import click

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        before = "\n".join(as_yaml(client.get_pipeline(name).spec)) + "\n"
    try:
        after = click.edit(before, extension=".yaml")
    except click.ClickException as error:
        raise InvalidInput(error.message, hint="say which editor to use in $EDITOR") from None
    if after is None or after == before:
        if as_json:
            write_json({"pipelines": [], "jobs": []})
        invocation.advise("Nothing was changed.")
        return
    try:
        code = create_or_update(
            invocation, after + "\n", update=True, reprocess=reprocess, no_run=no_run
        )
    except DatavcError:
        invocation.advise(f"What you wrote is kept in {_keep(after)}")
        raise
    raise typer.Exit(code)


def _keep(text: str) -> Path:
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="datavc-spec-", suffix=".yaml", delete=False
    ) as file:
        file.write(text)
    return Path(file.name)


def _one_line(value: object) -> str:
    import msgspec

    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
