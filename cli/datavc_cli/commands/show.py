"""``datavc show``."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from datavc.model.address import Ref
from datavc_cli.invocation import begin
from datavc_cli.options import CommitAddress, Json, Limit, Quiet
from datavc_cli.output import write_fields, write_json
from datavc_cli.wording import count, describe_stats, moment, safe, short, size

if TYPE_CHECKING:
    from datavc.client.client import Client
    from datavc.model.commit_info import CommitInfo
    from datavc.model.file_info import FileChange

_MARKS = {"added": "A", "removed": "D", "modified": "M"}


def show(
    context: typer.Context,
    address: CommitAddress,
    limit: Limit = 100,
    stat: Annotated[bool, typer.Option("--stat", help="Of the files, show only totals.")] = False,
    patch: Annotated[
        bool, typer.Option("--patch", "-p", help="Show what changed inside of texts and tables.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show a commit: who made it, when, why and from what, and which files it changed.

    JSON: a CommitInfo, and "changes", an array of FileChange (all of them, whatever the limit).
    """
    from datavc.client.history import count_changes
    from datavc_cli.content_diff import write_content_diffs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        commit = client.resolve(address)
        # By its id: the ref may move meanwhile.
        located = replace(client.locate(address), ref=Ref(commit.id))
        changes = client.diff(located, sources=True)
        if as_json:
            write_json({**asdict(commit), "changes": list(changes)})
            return
        write_fields([*_fields(commit), *_reproductions(client, commit)])
        if commit.message:
            sys.stdout.write("\n")
            for line in commit.message.splitlines():
                sys.stdout.write(f"    {safe(line)}\n")
        sys.stdout.write("\n")
        if stat:
            sys.stdout.write(f"{describe_stats(count_changes(changes))}\n")
            return
        if patch:
            write_content_diffs(client.diff_content(located))
            return
        for change in islice(changes, limit):
            sys.stdout.write(f"{_line(change)}\n")
        more = sum(1 for _ in changes)
        if more:
            sys.stdout.write(f"and {count(more, 'file')} more\n")


def _fields(commit: CommitInfo) -> list[tuple[str, str]]:
    fields = [
        ("commit", commit.id),
        ("by", commit.author),
        ("time", moment(commit.time_us)),
        ("holds", f"{count(commit.files, 'file')}, {size(commit.bytes)}"),
    ]
    if commit.parents:
        fields.append(("parents", " ".join(short(parent) for parent in commit.parents)))
    if commit.pipeline:
        fields.append(("pipeline", commit.pipeline))
    if commit.upstream:
        fields.append(("made from", " ".join(short(one) for one in commit.upstream)))
    return fields


def _reproductions(client: Client, commit: CommitInfo) -> list[tuple[str, str]]:
    if not commit.pipeline:
        return []
    from datavc_cli.commands.reproduce import tell_verdict

    tried = client.list_reproductions(f"{commit.repo}@{commit.id}")
    return [("reproduced", f"{moment(one.time_us)}  {tell_verdict(one)}") for one in tried]


def _line(change: FileChange) -> str:
    sizes = [size(each) for each in (change.old_size, change.new_size) if each is not None]
    line = f"{_MARKS[change.kind.value]}  /{safe(change.path)}  ({' -> '.join(sizes)})"
    return f"{line} at {safe(change.source)}" if change.source else line
