"""``datavc pull``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.progress import transfer_progress
from datavc_cli.working_copy import tell_update


def pull(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(help="The working copy.")] = ".",
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Give up changes that stand in the way.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Bring a working copy to where its branch is by now.

    What was changed in the folder stays. Where a file was changed here and in the branch, and
    differently, nothing is done, the files are listed, and the exit code is 4.

    JSON: a CopyUpdate.
    """
    from datavc.client.reading_ahead import working_copy_ahead

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with working_copy_ahead(folder), invocation.connect() as client:
        copy = client.working_copy(folder)
        with transfer_progress(invocation, "pulling") as progress:
            done = copy.pull(force=force, progress=progress)
    tell_update(invocation, done)
