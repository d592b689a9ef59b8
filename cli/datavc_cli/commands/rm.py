"""``datavc rm``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from datavc_cli.completion import complete_branch
from datavc_cli.invocation import begin
from datavc_cli.options import Json, NoRun, Quiet
from datavc_cli.output import write_json
from datavc_cli.wording import count, short


def rm(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="REPO[@BRANCH]:/PATH", autocompletion=complete_branch)
    ],
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Remove folders with all they hold.")
    ] = False,
    message: Annotated[
        str | None,
        typer.Option("--message", "-m", metavar="TEXT", help="Commit at once, with this message."),
    ] = None,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove files from a branch: staged for the next commit, or committed at once with -m.

    PATH may be a glob. Older commits keep the files.

    JSON: a RemoveResult, and "jobs", an array of JobInfo.
    """
    from datavc_cli.landing import run_pipelines, tell_jobs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        result = client.remove(address, recursive=recursive, message=message, run=False)
        target = client.locate(address)
        branch = f"{target.repo}@{target.ref}"
        files = count(result.files, "file")
        if result.commit is None:
            invocation.say(f"staged the removal of {files} on {branch}")
            invocation.advise(f"Commit it: datavc commit {branch} -m MESSAGE")
            jobs = []
        else:
            invocation.say(f"committed {short(result.commit)} on {branch}: {files} removed")
            commit = client.resolve(f"{target.repo}@{result.commit}")
            jobs = run_pipelines(invocation, client, commit, no_run=no_run)
    if as_json:
        write_json({**asdict(result), "jobs": jobs})
    raise typer.Exit(tell_jobs(invocation, jobs))
