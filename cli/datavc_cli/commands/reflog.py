"""``datavc reflog``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Limit, Quiet
from datavc_cli.output import write_json_list, write_table
from datavc_cli.wording import moment, short


def reflog(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="REPO[@NAME]", autocompletion=complete_address)],
    limit: Limit = 50,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List how branches and tags moved: who, when, from where, to where; newest first.

    JSON: an array of RefMove.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    repo, _, name = address.partition("@")
    with invocation.connect() as client:
        moves = client.ref_log(repo, name or None, limit=limit)
    if as_json:
        write_json_list(moves)
    elif not moves:
        invocation.advise("Nothing has moved yet.")
    else:
        rows = [
            (
                moment(move.time_us),
                move.kind,
                move.name,
                short(move.old),
                short(move.new),
                move.author,
                move.reason,
            )
            for move in moves
        ]
        write_table(("TIME", "KIND", "NAME", "FROM", "TO", "BY", "WHY"), rows)
