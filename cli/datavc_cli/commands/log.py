"""``datavc log``."""

from __future__ import annotations

import typer

from datavc_cli.invocation import begin
from datavc_cli.options import CommitAddress, Json, Limit, Quiet
from datavc_cli.output import write_json_list, write_table
from datavc_cli.wording import moment, short, size


def log(
    context: typer.Context,
    address: CommitAddress,
    limit: Limit = 50,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List a commit and those before it, newest first.

    JSON: an array of CommitInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        commits = list(client.log(address, limit=limit))
    if as_json:
        write_json_list(commits)
    elif not commits:
        invocation.advise(f"There is no commit yet. Make one: datavc put FILE {address} -m MESSAGE")
    else:
        rows = [
            (
                short(commit.id),
                moment(commit.time_us),
                commit.pipeline or commit.author,
                f"{commit.files:,}",
                size(commit.bytes),
                commit.message.partition("\n")[0],
            )
            for commit in commits
        ]
        write_table(("COMMIT", "TIME", "BY", "FILES", "SIZE", "MESSAGE"), rows, right="FILES SIZE")
