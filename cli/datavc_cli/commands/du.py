"""``datavc du``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json_list, write_table
from datavc_cli.wording import size


def du(
    context: typer.Context,
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="REPO[@REF]",
            autocompletion=complete_address,
            help="One commit; else all repos.",
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what repos, or one commit, take up in the store, and how much nothing else shares.

    FILES and SIZE are those of the newest commit; STORED is all history, compressed and each
    piece counted once; UNIQUE is what would go if only this went.

    JSON: an array of Usage.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.usage(address)
    if as_json:
        write_json_list(found)
    elif not found:
        invocation.advise("There is no repo yet. Create one: datavc repo create NAME")
    else:
        rows = [
            (
                one.name,
                f"{one.files:,}",
                size(one.bytes),
                size(one.stored_bytes),
                size(one.unique_bytes),
            )
            for one in found
        ]
        write_table(
            ("NAME", "FILES", "SIZE", "STORED", "UNIQUE"), rows, right="FILES SIZE STORED UNIQUE"
        )
