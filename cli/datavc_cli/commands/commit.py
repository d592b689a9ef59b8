"""``datavc commit``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from datavc_cli.completion import complete_branch
from datavc_cli.invocation import begin
from datavc_cli.options import Json, NoRun, Quiet
from datavc_cli.output import write_json
from datavc_cli.progress import transfer_progress
from datavc_cli.wording import count, short, size


def commit(
    context: typer.Context,
    branch: Annotated[
        str,
        typer.Argument(
            metavar="[REPO[@BRANCH]]",
            help="Without it, the working copy that the current folder is in.",
            autocompletion=complete_branch,
        ),
    ] = "",
    message: Annotated[
        str, typer.Option("--message", "-m", metavar="TEXT", help="Why this commit is made.")
    ] = "",
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Commit although nothing is staged.")
    ] = False,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Commit what is staged on a branch, or changed in a working copy, and run what reads it.

    When a job fails, the commit stands, and the exit code is 1.

    JSON: a CommitInfo, and "jobs", an array of JobInfo.
    """
    from datavc_cli.landing import run_pipelines, tell_jobs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        if branch:
            target = client.locate(branch)
            made = client.commit(target, message, allow_empty=allow_empty, run=False)
            name = f"{target.repo}@{target.ref}"
        else:
            copy = client.working_copy()
            with transfer_progress(invocation, "committing") as progress:
                made = copy.commit(message, run=False, progress=progress)
            name = copy.name
        holds = f"{count(made.files, 'file')}, {size(made.bytes)}"
        invocation.say(f"committed {short(made.id)} on {name}, which holds {holds}")
        jobs = run_pipelines(invocation, client, made, no_run=no_run)
    if as_json:
        write_json({**asdict(made), "jobs": jobs})
    raise typer.Exit(tell_jobs(invocation, jobs))
