"""``datavc diff``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import CommitAddress, Json, Quiet
from datavc_cli.output import paint, write_json, write_json_list
from datavc_cli.wording import count, safe, size

if TYPE_CHECKING:
    from datavc.model.file_info import DiffStats, FileChange

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

    With a path in the first address, only files below it. `@REF` means a ref of the same repo.

    With -p, texts are compared by line, and tables (CSV, JSON lines, Parquet) by column and row.

    JSON: an array of FileChange (with --name-only of paths, with -p of ContentDiff), or with --stat
    a DiffStats.
    """
    from datavc.client.history import count_changes
    from datavc_cli.content_diff import write_content_diffs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    if new is not None and new.startswith("@"):
        new = old.partition("@")[0].partition(":")[0] + new
    with invocation.connect() as client:
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
                sys.stdout.write(f"{_describe(totals)}\n")
        elif as_json:
            write_json_list((change.path for change in changes) if name_only else changes)
        else:
            _write(changes, name_only=name_only)


def _write(changes: Iterator[FileChange], *, name_only: bool) -> None:
    for change in changes:
        path = f"/{safe(change.path)}"
        if name_only:
            sys.stdout.write(f"{path}\n")
            continue
        mark, color = _MARKS[change.kind.value]
        sizes = [size(each) for each in (change.old_size, change.new_size) if each is not None]
        sys.stdout.write(f"{paint(f'{mark}  {path}', color=color)}  ({' -> '.join(sizes)})\n")


def _describe(totals: DiffStats) -> str:
    files = count(totals.added + totals.removed + totals.modified, "file")
    return (
        f"{files} changed: {totals.added:,} added, {totals.removed:,} removed, "
        f"{totals.modified:,} modified; {size(totals.bytes_removed)} before, "
        f"{size(totals.bytes_added)} after"
    )
