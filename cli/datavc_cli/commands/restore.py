"""``datavc restore``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.progress import transfer_progress
from datavc_cli.wording import count


def restore(
    context: typer.Context,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Files and folders.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Restore all that was changed or removed.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Bring files of a working copy back as they are in its commit. New files stay.

    JSON: a CopyUpdate.
    """
    from datavc.errors import InvalidInput

    if bool(paths) == everything:
        raise InvalidInput("name the files and folders to restore, or use --all")
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        copy = client.working_copy()
        with transfer_progress(invocation, "restoring") as progress:
            done = copy.restore(copy.relative(paths or []), progress=progress)
    invocation.answer(done, f"restored {count(done.written, 'file')}")
