"""``datavc fsck``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.failures import DONE, FAILED
from datavc_cli.invocation import begin
from datavc_cli.options import Json, Quiet
from datavc_cli.output import write_json, write_line
from datavc_cli.progress import step_progress
from datavc_cli.wording import count, size


def fsck(
    context: typer.Context,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every byte of every pack, too.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Put the deduplication index right from the packs."),
    ] = False,
    external: Annotated[
        bool,
        typer.Option(
            "--external", help="Look, from here, whether the sources of external files are there."
        ),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check that everything that commits, staging and jobs refer to is there and whole.

    Exit code 1 when something is wrong; one line tells of each problem.

    JSON: a StoreCheck.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client, step_progress(invocation) as progress:
        found = client.fsck(deep=deep, repair=repair, external=external, progress=progress)
    if as_json:
        write_json(found)
    else:
        for problem in found.problems:
            write_line(f"{problem.kind} {problem.subject}: {problem.text}")
        if found.more_problems:
            write_line(f"... and {count(found.more_problems, 'problem')} more")
    invocation.say(
        f"checked {count(found.commits, 'commit')}, {count(found.packs, 'pack')}, "
        f"{count(found.records, 'record')} ({found.used_records:,} in use)"
    )
    if external:
        invocation.say(f"looked at {count(found.external, 'external file')}")
    if deep:
        invocation.say(f"read {size(found.bytes_read)}")
    if repair:
        invocation.say(f"put {count(found.repaired, 'line')} of the deduplication index right")
    is_sound = not found.problems
    invocation.say("nothing is wrong" if is_sound else "something is wrong")
    raise typer.Exit(DONE if is_sound else FAILED)
