"""``datavc reproduce``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from datavc_cli.failures import DONE, FAILED
from datavc_cli.invocation import begin
from datavc_cli.options import CommitAddress, Json, Quiet
from datavc_cli.output import write_json
from datavc_cli.progress import job_progress
from datavc_cli.wording import count, safe, short, short_run

if TYPE_CHECKING:
    from datavc.model.reproduction import Reproduction


def reproduce(
    context: typer.Context,
    address: CommitAddress,
    tolerance: Annotated[
        float,
        typer.Option(
            "--tolerance", min=0, metavar="X", help="How much numbers in metrics may differ."
        ),
    ] = 0.0,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metrics", metavar="GLOB", help="Files whose numbers may; can be repeated."),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0, metavar="SECONDS", help="Give up after so long (exit 4)."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run what made a commit once more, and compare the outputs. Exits 1 where a file differs.

    The same version of the pipeline runs in the same image over the same input commits; nothing
    is reused, and nothing of it becomes visible. The verdict is kept: `datavc show` tells.

    JSON: a Reproduction, with its differences as ReproducedDifference.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client, job_progress(invocation) as progress:
        done = client.reproduce(
            address,
            tolerance=tolerance,
            metrics=metrics or (),
            timeout=timeout,
            progress=progress,
        )
    if as_json:
        write_json(done)
    else:
        for difference in done.differences:
            said = f"  ({safe(difference.detail)})" if difference.detail else ""
            sys.stdout.write(f"{difference.kind:10}  /{safe(difference.path)}{said}\n")
        more = done.different - len(done.differences)
        if more:
            sys.stdout.write(f"and {count(more, 'file')} more\n")
        invocation.say(f"{tell_verdict(done)}  (job {short_run(done.job)})")
    raise typer.Exit(FAILED if done.different else DONE)


def tell_verdict(done: Reproduction) -> str:
    """One line that says what came of it."""
    name = f"{done.repo}@{short(done.commit)}"
    if done.different:
        files = count(done.files, "file")
        return f"{name} was not reproduced: {done.different:,} of {files} differ"
    if done.verdict == "within_tolerance":
        return f"{name} was reproduced within {done.tolerance:g}: {count(done.files, 'file')}"
    return f"{name} was reproduced: {count(done.files, 'file')}, bit by bit"
