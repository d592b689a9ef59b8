"""``datavc undo``."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from datavc_cli.completion import complete_address
from datavc_cli.invocation import begin
from datavc_cli.options import Json, NoRun, Quiet
from datavc_cli.output import write_json
from datavc_cli.wording import short

if TYPE_CHECKING:
    from datavc.model.job import JobInfo


def undo(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="REPO[@NAME]", autocompletion=complete_address)],
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take back the last move of a branch or tag: a commit, a merge, a move, a deletion.

    Run again, it goes further back. Nothing is lost: `datavc reflog` lists every move, and
    `datavc branch move REPO@BRANCH COMMIT` goes wherever you like.

    JSON: an Undone, and "jobs", an array of JobInfo.
    """
    from datavc_cli.landing import run_pipelines, tell_jobs

    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        done = client.undo(address, run=False)
        name = f"{done.repo}@{done.name}"
        where = f"is at {short(done.new)} now" if done.new else "has no commit now"
        if done.kind == "tag" and done.new is None:
            where = "is gone"
        invocation.say(f"undid '{done.reason}': {name} {where}")
        jobs: list[JobInfo] = []
        if done.kind == "branch" and done.new is not None:
            branch = replace(client.get_branch(done.repo, done.name), run_id=done.run_id)
            jobs = run_pipelines(invocation, client, branch, no_run=no_run)
    if as_json:
        write_json({**asdict(done), "jobs": jobs})
    raise typer.Exit(tell_jobs(invocation, jobs))
