"""``datavc audit``."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from datavc_cli.completion import complete_account, complete_outcome, complete_repo
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Limit, Quiet
from datavc_cli.output import write_json_list, write_table
from datavc_cli.wording import moment

app = typer.Typer(no_args_is_help=True, help="What was changed on a server, and what was refused.")


@app.callback()
def _audit() -> None:
    """Keep ``log`` a command of its own, although it is the only one."""


@app.command()
def log(
    context: typer.Context,
    account: Annotated[
        str,
        typer.Option(metavar="NAME", autocompletion=complete_account, help="Only what it did."),
    ] = "",
    repo: Annotated[
        str,
        typer.Option(
            metavar="REPO", autocompletion=complete_repo, help="Only what was done there."
        ),
    ] = "",
    outcome: Annotated[
        str,
        typer.Option(
            metavar="OUTCOME",
            autocompletion=complete_outcome,
            help="Only what was done, refused or failed.",
        ),
    ] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="'2 days ago', 2026-11-01, ...")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Up to then.")] = "",
    limit: Limit = 100,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List changes and refusals, newest first: who, what, when, and from where.

    JSON: an array of AuditEntry.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        entries = client.audit_log(
            account=account, repo=repo, outcome=outcome, since=since, until=until
        )
        found = list(islice(entries, limit))
    if as_json:
        write_json_list(found)
    elif not found:
        invocation.advise("Nothing of that kind was asked for.")
    else:
        rows = [
            (
                moment(one.time_us),
                one.account or "-",
                one.outcome.value,
                one.request,
                f"{one.repo}@{one.branch}" if one.branch else one.repo or "-",
                one.address or "-",
                one.reason,
            )
            for one in found
        ]
        write_table(("TIME", "ACCOUNT", "OUTCOME", "REQUEST", "WHERE", "FROM", "WHY"), rows)
