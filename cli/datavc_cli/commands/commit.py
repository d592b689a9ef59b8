"""``datavc commit``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from datavc_cli.completion import complete_branch
from datavc_cli.invocation import Invocation, begin
from datavc_cli.options import Json, NoRun, Quiet
from datavc_cli.output import write_json
from datavc_cli.progress import transfer_progress
from datavc_cli.wording import count, short, size
from datavc_cli.working_copy import copy_ahead

if TYPE_CHECKING:
    from datavc.client.client import Client
    from datavc.model.commit_info import CommitInfo


def commit(
    context: typer.Context,
    branches: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[REPO[@BRANCH]]...",
            help="Without one, the working copy that the current folder is in.",
            autocompletion=complete_branch,
        ),
    ] = None,
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

    Several branches, of any repos, are committed at once or not at all: each gets a commit, and
    whoever sees one of them sees all.

    When a job fails, the commit stands, and the exit code is 1.

    JSON: a CommitInfo, and "jobs", an array of JobInfo; of several branches, an array of those.
    """
    from datavc_cli.landing import run_pipelines, tell_jobs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    told: list[dict[str, object]] = []
    failed = 0
    with copy_ahead(branches), invocation.connect() as client:
        for name, made in _commit(invocation, client, branches or [], message, allow_empty):
            holds = f"{count(made.files, 'file')}, {size(made.bytes)}"
            invocation.say(f"committed {short(made.id)} on {name}, which holds {holds}")
            jobs = run_pipelines(invocation, client, made, no_run=no_run)
            failed = tell_jobs(invocation, jobs) or failed
            told.append({**asdict(made), "jobs": jobs})
    if as_json:
        write_json(told if len(told) > 1 else told[0])
    raise typer.Exit(failed)


def _commit(
    invocation: Invocation, client: Client, branches: list[str], message: str, allow_empty: bool
) -> list[tuple[str, CommitInfo]]:
    """What was committed, with the name of its branch."""
    if not branches:
        copy = client.working_copy()
        with transfer_progress(invocation, "committing") as progress:
            return [(copy.name, copy.commit(message, run=False, progress=progress))]
    located = [client.locate(branch) for branch in branches]
    if len(located) == 1:
        made = [client.commit(located[0], message, allow_empty=allow_empty, run=False)]
    else:
        made = client.commit_together(located, message, allow_empty=allow_empty, run=False)
    names = [f"{one.repo}@{one.ref}" for one in located]
    return list(zip(names, made, strict=True))
