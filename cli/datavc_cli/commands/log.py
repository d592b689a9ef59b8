"""``datavc log``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from datavc.errors import InvalidInput
from datavc.model.name import clean_prefix
from datavc_cli.invocation import begin
from datavc_cli.options import CommitAddress, Json, Limit, Quiet
from datavc_cli.output import write_json_list, write_table
from datavc_cli.ref_range import read_range
from datavc_cli.wording import moment, short, size

if TYPE_CHECKING:
    from datavc import Client
    from datavc.model.address import Address


def log(
    context: typer.Context,
    address: CommitAddress,
    limit: Limit = 50,
    author: Annotated[
        str, typer.Option(metavar="TEXT", help="Only commits of such an author or pipeline.")
    ] = "",
    grep: Annotated[
        str, typer.Option(metavar="TEXT", help="Only commits with that in the message.")
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Such as '2 days ago' or 2026-11-01 (UTC).")
    ] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="As --since.")] = "",
    path: Annotated[
        str, typer.Option(metavar="PATH", help="Only commits that changed it; as in the address.")
    ] = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List a commit and those before it, newest first.

    With a path (a file, a folder or a quoted glob) in the address, only commits that changed it.
    REPO@A..B lists what leads to B and not to A.

    JSON: an array of CommitInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        start, without = _range(client, address, path)
        commits = list(
            client.log(
                start,
                limit=limit,
                author=author,
                text=grep,
                since=since,
                until=until,
                without=without,
            )
        )
    if as_json:
        write_json_list(commits)
    elif not commits and (without or path or author or grep or since or until or start.path):
        invocation.advise("No commit is like that.")
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


def _range(client: Client, address: str, path: str) -> tuple[Address, str]:
    """The address to start at, and the ref to leave out."""
    found = read_range(address)
    if found is not None and found.since_parted:
        raise InvalidInput(
            f"{address!r} has three dots",
            hint="A..B lists what leads to B and not to A",
        )
    start = client.locate(address if found is None else found.address(found.last))
    if path:
        if start.path:
            raise InvalidInput("name the path once: in the address or with --path")
        start = replace(start, path=clean_prefix(path))
    if found is None:
        return start, ""
    return start, found.first or str(client.locate(found.repo).ref)
