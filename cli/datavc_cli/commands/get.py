"""``datavc get``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json
from datavc_cli.progress import transfer_progress
from datavc_cli.wording import count, size


def get(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="REPO[@REF][:/PATH]", autocompletion=complete_address)
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="DEST", help="Where it goes; else to its name here."
        ),
    ] = None,
    skip_purged: Annotated[
        bool, typer.Option("--skip-purged", help="Leave out files whose content was purged.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a file, or a folder with all it holds, to disk.

    DEST is the new name. If it ends in /, the file or folder goes into it under its own name; a
    file also goes into a folder that is there. Without DEST, the name in the repo is kept, here.

    A whole repo, and a PATH that ends in /, stand for what they hold: `get data -o out` gives
    out/..., `get data:/photos -o out/` gives out/photos/.... PATH may be a quoted glob.

    Files that are there already with equal content are kept as they are, so a get that was
    interrupted goes on where it stopped. Other files in DEST are left alone.

    JSON: a GetResult.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with (
        invocation.connect() as client,
        transfer_progress(invocation, f"getting {address}") as progress,
    ):
        result = client.get(address, output, skip_purged=skip_purged, progress=progress)
    if as_json:
        write_json(result)
    kept = f" ({result.kept:,} there already)" if result.kept else ""
    if result.purged:
        invocation.advise(f"left out {count(result.purged, 'file')} whose content was purged")
    invocation.say(
        f"wrote {count(result.files, 'file')}, {size(result.bytes)} to {result.output}{kept}"
    )
