"""``datavc checkout``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.progress import transfer_progress
from datavc_cli.working_copy import tell_update


def checkout(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="REPO[@REF][:/FOLDER]", autocompletion=complete_address)
    ],
    folder: Annotated[
        str | None, typer.Argument(help="Where; else the name of the repo or folder, here.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Use a folder that holds files already.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a working copy: a folder with a ref's files, to be changed and committed back.

    In it, `datavc status`, `commit`, `pull`, `switch` and `restore` need no address. Links, the
    executable bit and empty folders are kept. Files that .datavcignore names (its syntax is that of
    .gitignore) are left alone.

    A checkout that was interrupted is completed by running it again.

    JSON: a CopyUpdate.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with (
        invocation.connect() as client,
        transfer_progress(invocation, f"checking out {address}") as progress,
    ):
        done = client.checkout(address, folder, force=force, progress=progress)
    tell_update(invocation, done)
