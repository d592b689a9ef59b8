"""``datavc gc``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from datavc_cli.duration import parse_duration
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json, write_line
from datavc_cli.progress import step_progress
from datavc_cli.wording import count, size

if TYPE_CHECKING:
    from datavc.model.collection import Collection


def gc(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Remove nothing; tell what would be.")
    ] = False,
    grace: Annotated[
        str, typer.Option(metavar="TIME", help="Leave younger packs alone, such as 24h.")
    ] = "24h",
    keep: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Keep commits for so long after the last ref to them moved away."
        ),
    ] = "30d",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove from the store what neither a ref, nor staging, nor a job leads to.

    Others may read and write meanwhile, on any number of hosts. Commits that a retention rule
    does not keep, or that no ref leads to, give up their content; ids and lineage stay.

    JSON: a Collection.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    grace_s, keep_s = parse_duration(grace), parse_duration(keep)
    with invocation.connect() as client, step_progress(invocation) as progress:
        done = client.gc(
            dry_run=dry_run, grace_s=grace_s, unreachable_keep_s=keep_s, progress=progress
        )
    if as_json:
        write_json(done)
    elif not quiet:
        for line in _lines(done):
            write_line(line)


def _lines(done: Collection) -> list[str]:
    verb = "would remove" if done.dry_run else "removed"
    lines = [f"{count(done.packs, 'pack')}, {size(done.bytes)}"]
    if done.expired_commits:
        gave = "would give up" if done.dry_run else "gave up"
        lines.append(f"{gave} the content of {count(done.expired_commits, 'commit')}")
    lines.append(f"{verb} {count(done.dropped_packs, 'pack')}, {size(done.dropped_bytes)}")
    if done.rewritten_packs:
        rewrote = "would rewrite" if done.dry_run else "rewrote"
        packs = count(done.rewritten_packs, "pack")
        lines.append(f"{rewrote} {packs} without {size(done.rewritten_bytes)} not in use")
    if done.orphans:
        leftover = f"{verb} {count(done.orphans, 'leftover')} of writes that were never completed"
        lines.append(f"{leftover}, {size(done.orphan_bytes)}")
    if done.young_packs:
        lines.append(
            f"{count(done.young_packs, 'pack')} not in use, too young to be removed (see --grace)"
        )
    return lines
