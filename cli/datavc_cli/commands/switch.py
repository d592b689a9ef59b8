"""``datavc switch``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_copy_ref
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.progress import transfer_progress
from datavc_cli.working_copy import tell_update


def switch(
    context: typer.Context,
    ref: Annotated[
        str,
        typer.Argument(
            metavar="REF", help="A branch, a tag or a commit.", autocompletion=complete_copy_ref
        ),
    ],
    folder: Annotated[str, typer.Argument(help="The working copy.")] = ".",
    create: Annotated[
        bool, typer.Option("--create", "-c", help="Make the branch, from the commit that is here.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Give up changes that stand in the way.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Bring a working copy to another branch, tag or commit of its repo.

    What was changed in the folder stays, unless it stands in the way: then nothing is done, the
    files are listed, and the exit code is 4.

    JSON: a CopyUpdate.
    """
    from datavc.client.reading_ahead import working_copy_ahead

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with working_copy_ahead(folder), invocation.connect() as client:
        copy = client.working_copy(folder)
        if create:
            copy.create_branch(ref)
        with transfer_progress(invocation, f"switching to {ref}") as progress:
            done = copy.switch(ref, force=force, progress=progress)
    tell_update(invocation, done)
