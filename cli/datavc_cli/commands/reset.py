"""``datavc reset``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json
from datavc_cli.wording import count


def reset(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="REPO[@BRANCH][:/PATH]", autocompletion=complete_address)
    ],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Drop what is staged: all of it, a folder, or one file. What is committed stays.

    `datavc status` shows what is staged.

    JSON: a Reset.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        done = client.reset(address)
    if as_json:
        write_json(done)
    kept = f", {count(done.kept, 'change')} still staged" if done.kept else ""
    invocation.say(f"dropped {count(done.dropped, 'staged change')}{kept}")
