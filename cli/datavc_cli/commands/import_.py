"""``datavc import``."""

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

if TYPE_CHECKING:
    from datavc import Client
    from datavc.client.imports import ImportResult


def import_(
    context: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Folders, files, s3://bucket/prefix, https:// files."
        ),
    ],
    destination: Annotated[
        str, typer.Argument(metavar="REPO[@BRANCH][:/PATH]", autocompletion=complete_branch)
    ],
    message: Annotated[
        str | None,
        typer.Option("--message", "-m", metavar="TEXT", help="Commit at once, with this message."),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Only what this, or another --include, matches."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Leave out what this matches."),
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Take out imported files that are gone at SOURCE.")
    ] = False,
    follow_links: Annotated[
        bool, typer.Option("--follow-links", help="Import what symbolic links point at.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Change nothing; tell what would be.")
    ] = False,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let a branch hold files that stay where they are: nothing is copied.

    What is kept of each is where it lies and which version is meant. Whoever reads such a file
    reads its source, with credentials of their own; a source that is gone or has changed is an
    error, never other bytes. Importing again takes in what is new or changed.

    Paths are given as by `put`: a folder or prefix keeps its name, `folder/` and s3://bucket/prefix/
    stand for what they hold. Patterns are those of .gitignore, of paths below SOURCE.

    JSON: an ImportResult, and "jobs", an array of JobInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        with transfer_progress(invocation, f"importing into {destination}") as progress:
            from datavc.model.link_handling import LinkHandling

            result = client.import_external(
                sources,
                destination,
                message=message,
                include=include or (),
                exclude=exclude or (),
                delete=delete,
                links=LinkHandling.FOLLOW if follow_links else LinkHandling.REFUSE,
                dry_run=dry_run,
                run=False,
                progress=progress,
            )
        code = _tell(invocation, client, destination, result, no_run=no_run)
    raise typer.Exit(code)


def _tell(
    invocation: Invocation,
    client: Client,
    destination: str,
    result: ImportResult,
    *,
    no_run: bool,
) -> int:
    from datavc_cli.landing import run_pipelines, tell_jobs

    target = client.locate(destination)
    branch = f"{target.repo}@{target.ref}"
    text = f"{count(result.files, 'file')}, {size(result.bytes)}"
    if result.unchanged:
        text += f" ({result.unchanged:,} unchanged, left out)"
    if result.removed:
        verb = "would take out" if result.dry_run else "took out"
        text += f"; {verb} {count(result.removed, 'file')}"
    jobs = []
    if result.dry_run:
        invocation.say(f"would import {text} into {branch}")
    elif result.commit is not None:
        invocation.say(f"committed {short(result.commit)} on {branch}: {text}")
        commit = client.resolve(f"{target.repo}@{result.commit}")
        jobs = run_pipelines(invocation, client, commit, no_run=no_run)
    elif result.staged is None:
        invocation.say(f"nothing to import: {branch} holds all of it already")
    else:
        invocation.say(f"staged {text} on {branch}")
        invocation.advise(f"Commit it: datavc commit {branch} -m MESSAGE")
    if invocation.as_json:
        write_json({**asdict(result), "jobs": jobs})
    return tell_jobs(invocation, jobs)
