"""``datavc export``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json
from datavc_cli.progress import transfer_progress
from datavc_cli.wording import count, short, size


def export(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="REPO[@REF][:/FOLDER]", autocompletion=complete_address)
    ],
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="A folder, or s3://bucket/prefix.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Write nothing; tell what would be.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Replace the export of another repo or folder.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Mirror a commit to a folder or a bucket, where others read it without datavc.

    The target remembers what was exported, in .datavc-export.json: the next export writes what
    differs and removes what is gone. Files that no export wrote stay. A bucket has neither links
    nor empty folders; they are left out there.

    JSON: an ExportResult.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with (
        invocation.connect() as client,
        transfer_progress(invocation, f"exporting {address}") as progress,
    ):
        done = client.export(address, target, dry_run=dry_run, force=force, progress=progress)
    if as_json:
        write_json(done)
    verb = "would write" if dry_run else "wrote"
    removed = f", {'would remove' if dry_run else 'removed'} {count(done.removed, 'file')}"
    invocation.say(
        f"{target} {'would hold' if dry_run else 'holds'} {short(done.commit)}: {verb} "
        f"{count(done.written, 'file')}, {size(done.bytes)}{removed if done.removed else ''}"
    )
