"""``datavc diff``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from datavc.errors import InvalidInput
from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import CommitAddress, Json, Quiet
from datavc_cli.output import paint, write_json, write_json_list
from datavc_cli.ref_range import read_range
from datavc_cli.wording import describe_stats, safe, size

if TYPE_CHECKING:
    from datavc import Client
    from datavc.model.file_info import FileChange

_MARKS = {"added": ("A", "green"), "removed": ("D", "red"), "modified": ("M", "yellow")}


def diff(
    context: typer.Context,
    old: CommitAddress,
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="[REPO]@REF", autocompletion=complete_address, help="The later side."
        ),
    ] = None,
    name_only: Annotated[bool, typer.Option("--name-only", help="Show only paths.")] = False,
    stat: Annotated[bool, typer.Option("--stat", help="Show only totals.")] = False,
    patch: Annotated[
        bool, typer.Option("--patch", "-p", help="Show what changed inside of texts and tables.")
    ] = False,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Tells the rows of tables apart, with -p; repeatable."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show which files differ between two commits, or what one commit changed.

    With a path in the first address, only files below it. `@REF` means a ref of the same repo;
    REPO@A..B is REPO@A and @B, and REPO@A...B is what B has changed since it parted from A.

    With -p, texts are compared by line, and tables (CSV, JSON lines, Parquet) by column and row.

    JSON: an array of FileChange (with --name-only of paths, with -p of ContentDiff), or with --stat
    a DiffStats.
    """
    from datavc.client.history import count_changes
    from datavc_cli.content_diff import write_content_diffs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        old, new = _sides(client, old, new)
        if patch or key:
            found = client.diff_content(old, new, key=key or ())
            if as_json:
                write_json_list(found)
            else:
                write_content_diffs(found)
            return
        changes = client.diff(old, new)
        if stat:
            totals = count_changes(changes)
            if as_json:
                write_json(totals)
            else:
                sys.stdout.write(f"{describe_stats(totals)}\n")
        elif as_json:
            write_json_list((change.path for change in changes) if name_only else changes)
        else:
            _write(changes, name_only=name_only)


def _sides(client: Client, old: str, new: str | None) -> tuple[str, str | None]:
    """Both addresses in full."""
    found = read_range(old)
    if found is None:
        if new is not None and new.startswith("@"):
            new = old.partition("@")[0].partition(":")[0] + new
        return old, new
    if new is not None:
        raise InvalidInput(f"{old!r} names both sides already", hint=f"leave {new!r} out")
    first, last = found.address(found.first), found.address(found.last)
    if not found.since_parted:
        return first, last
    parted = client.merge_base(first, last)
    if parted is None:
        raise InvalidInput(f"both sides of {old!r} have nothing in common", hint="use two dots")
    return found.address(parted), last


def _write(changes: Iterator[FileChange], *, name_only: bool) -> None:
    for change in changes:
        path = f"/{safe(change.path)}"
        if name_only:
            sys.stdout.write(f"{path}\n")
            continue
        mark, color = _MARKS[change.kind.value]
        sizes = [size(each) for each in (change.old_size, change.new_size) if each is not None]
        sys.stdout.write(f"{paint(f'{mark}  {path}', color=color)}  ({' -> '.join(sizes)})\n")
