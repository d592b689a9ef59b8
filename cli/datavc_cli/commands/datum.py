"""``datavc datum``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from datavc.errors import InvalidInput
from datavc_cli.completion import complete_job
from datavc_cli.invocation import Invocation, begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json_list, write_table
from datavc_cli.spec_source import read_spec
from datavc_cli.wording import seconds, short, size

if TYPE_CHECKING:
    from datavc.model.job import DatumInfo
    from datavc.model.spec_report import DatumPreview

app = typer.Typer(no_args_is_help=True, help="Look at the datums of a job.")


@app.callback()
def _group() -> None:
    """Look at the datums of a job."""


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
                seconds(datum.seconds),
                "-" if datum.exit_code is None else str(datum.exit_code),
                " ".join(datum.inputs),
                datum.reason,
            )
            for datum in datums
        ]
        header = ("DATUM", "STATE", "TOOK", "EXIT", "INPUTS", "REASON")
        write_table(header, rows, right="TOOK EXIT")


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
