"""``datavc purge``."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from datavc.errors import InvalidInput
from datavc.model.address import parse_address
from datavc_cli.completion import complete_address
from datavc_cli.invocation import Invocation, begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json, write_json_list, write_line, write_table
from datavc_cli.progress import step_progress
from datavc_cli.wording import count, moment, size

if TYPE_CHECKING:
    from collections.abc import Callable

    from datavc.client.client import Client
    from datavc.model.collection import PurgeResult

#: Places that are told one by one; `--json` tells all.
_TOLD = 20


def purge(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="[REPO:/PATH]", autocompletion=complete_address)
    ] = "",
    content: Annotated[
        str,
        typer.Option(metavar="FILE|DIGEST", help="Purge one content, wherever it stands, instead."),
    ] = "",
    reason: Annotated[str, typer.Option("--reason", "-m", help="Why; it is kept.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Remove nothing; tell what would be.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Do not ask.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="Tell what was purged so far.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove content from all history, for good: all that ever stood at a path, or one content.

    Copies of it at other paths and in other repos go too. Commits, trees, ids and lineage stay;
    reading such a file says that it was purged. This cannot be undone.

    JSON: a PurgeResult; with --list, a list of PurgeInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    if list_all:
        _list(invocation, as_json=as_json)
        return
    if bool(address) == bool(content):
        raise InvalidInput("name what is to be purged: REPO:/PATH, or --content FILE")
    with invocation.connect() as client, step_progress(invocation) as progress:
        act = partial(_action(client, address, content), reason=reason, progress=progress)
        if not force and not dry_run:
            _ask(act(dry_run=True))
        done = act(dry_run=dry_run)
    if as_json:
        write_json(done)
    elif not quiet:
        _tell(done)


def _action(client: Client, address: str, content: str) -> Callable[..., PurgeResult]:
    if content:
        return partial(client.purge_content, content)
    if "@" in address.partition(":")[0]:
        raise InvalidInput(
            f"'{address}' names a ref, and a purge concerns all of history",
            hint="leave the ref out: REPO:/PATH",
        )
    parsed = parse_address(address)
    return partial(client.purge, parsed.repo, parsed.path)


def _ask(planned: PurgeResult) -> None:
    if not sys.stdin.isatty():
        raise InvalidInput(
            "a purge cannot be undone, and there is nobody to ask",
            hint="look at it with --dry-run, then use --force",
        )
    _tell(planned)
    typer.confirm("Remove it for good?", abort=True, err=True)


def _tell(done: PurgeResult) -> None:
    verb = "would purge" if done.dry_run else "purged"
    contents = count(done.purge.contents, "content")
    write_line(f"{verb} {contents}, {size(done.purge.freed_bytes)} in the store, which stood at")
    for place in done.places[:_TOLD]:
        write_line(f"  {place.repo}:/{place.path}")
    if len(done.places) > _TOLD:
        write_line(f"  ... and {len(done.places) - _TOLD} more")
    if done.sources:
        write_line("these lie elsewhere, where no purge reaches: remove them there yourself")
        for source in done.sources[:_TOLD]:
            write_line(f"  {source}")
        if len(done.sources) > _TOLD:
            write_line(f"  ... and {len(done.sources) - _TOLD} more")
    if done.shared_pieces:
        pieces = count(done.shared_pieces, "piece")
        shared = f"{pieces} of it, {size(done.shared_bytes)}"
        write_line(f"other content shares {shared}: those stay")


def _list(invocation: Invocation, *, as_json: bool) -> None:
    with invocation.connect() as client:
        found = client.list_purges()
    if as_json:
        write_json_list(found)
        return
    if not found:
        invocation.advise("Nothing was purged.")
        return
    rows = [
        (moment(one.time_us), one.author, one.subject, size(one.freed_bytes), one.reason)
        for one in found
    ]
    write_table(("TIME", "BY", "WHAT", "FREED", "WHY"), rows, right="FREED")
