"""``datavc datum``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from datavc.errors import InvalidInput
from datavc_cli.completion import complete_job
from datavc_cli.invocation import Invocation, begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_fields, write_json, write_json_list, write_table
from datavc_cli.spec_source import read_spec
from datavc_cli.wording import seconds, short, size

if TYPE_CHECKING:
    from datavc.model.job import DatumInfo
    from datavc.model.spec_report import DatumPreview

app = typer.Typer(no_args_is_help=True, help="Look at the datums of a job.")

_Job = Annotated[
    str,
    typer.Argument(metavar="JOB", autocompletion=complete_job, help="Its id, or the start of it."),
]
_Datum = Annotated[str, typer.Argument(metavar="DATUM", help="Its id, or the start of it.")]


@app.command("list")
def list_datums(
    context: typer.Context,
    job: Annotated[
        str | None,
        typer.Argument(
            metavar="[JOB]", autocompletion=complete_job, help="Its id, or the start of it."
        ),
    ] = None,
    spec: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="SPEC",
            help="Show what a spec, or an input alone, would make; - for stdin.",
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the datums that a job ran, or that a spec would make before anything runs.

    Those that the job skipped are only counted.

    JSON: an array of DatumInfo; with --input, of DatumPreview.
    """
    if (job is None) is (spec is None):
        raise InvalidInput("give either a job or --input", hint="see `datavc job list`")
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        if job is not None:
            _show_ran(invocation, client.list_datums(job))
        elif spec is not None:
            _show_planned(invocation, client.preview_datums(read_spec(spec)))


@app.command()
def inspect(
    context: typer.Context, job: _Job, datum: _Datum, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Show one datum that a job ran, or runs.

    JSON: a DatumInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.get_datum(job, datum)
    if as_json:
        write_json(found)
        return
    write_fields(
        [
            ("datum", found.id),
            ("job", found.job),
            ("state", found.state.value),
            ("reason", found.reason),
            ("exit code", "" if found.exit_code is None else str(found.exit_code)),
            *(("input", each) for each in found.inputs),
            ("downloaded", f"{size(found.download_bytes)} in {seconds(found.download_seconds)}"),
            ("processed", f"in {seconds(found.seconds)}"),
            ("uploaded", f"{size(found.upload_bytes)} in {seconds(found.upload_seconds)}"),
        ]
    )


@app.command()
def restart(
    context: typer.Context, job: _Job, datum: _Datum, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Interrupt a datum that runs, one that hangs say, and start it anew.

    What failed is run again by: datavc job restart JOB.

    JSON: a DatumInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.restart_datum(job, datum)
    invocation.answer(found, f"datum {short(found.id)} is started anew")


def _show_ran(invocation: Invocation, datums: Sequence[DatumInfo]) -> None:
    if invocation.as_json:
        write_json_list(datums)
    elif not datums:
        invocation.advise("It ran no datum: all were skipped, or it has not started yet.")
    else:
        rows = [
            (
                short(datum.id),
                datum.state.value,
                seconds(datum.download_seconds),
                seconds(datum.seconds),
                seconds(datum.upload_seconds),
                size(datum.download_bytes),
                size(datum.upload_bytes),
                "-" if datum.exit_code is None else str(datum.exit_code),
                " ".join(datum.inputs),
                datum.reason,
            )
            for datum in datums
        ]
        header = ("DATUM", "STATE", "DOWN", "TOOK", "UP", "IN", "OUT", "EXIT", "INPUTS", "REASON")
        write_table(header, rows, right="DOWN TOOK UP IN OUT EXIT")


def _show_planned(invocation: Invocation, datums: Iterator[DatumPreview]) -> None:
    if invocation.as_json:
        write_json_list(datums)
        return
    rows = [
        (str(each.number), f"{each.files:,}", size(each.bytes), " ".join(each.inputs))
        for each in datums
    ]
    if rows:
        write_table(("DATUM", "FILES", "SIZE", "INPUTS"), rows, right="DATUM FILES SIZE")
    else:
        invocation.advise("It makes no datum: the globs match nothing that goes together.")
