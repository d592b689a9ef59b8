"""``datavc datum``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json_list, write_table
from datavc_cli.wording import seconds, short

app = typer.Typer(no_args_is_help=True, help="Look at the datums of a job.")


@app.callback()
def _group() -> None:
    """Look at the datums of a job."""


@app.command("list")
def list_datums(
    context: typer.Context,
    job: Annotated[str, typer.Argument(metavar="JOB", help="Its id, or the start of it.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the datums that a job ran; those it skipped are only counted.

    JSON: an array of DatumInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        datums = client.list_datums(job)
    if as_json:
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
