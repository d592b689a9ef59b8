"""``datavc revert``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.invocation import begin
from datavc_cli.merging import (
    Mainline,
    Message,
    Ours,
    Strategy,
    Theirs,
    Use,
    finish,
    read_decisions,
)
from datavc_cli.options import BranchAddress, Json, NoRun, Quiet


def revert(
    context: typer.Context,
    branch: BranchAddress,
    commit: Annotated[
        str | None, typer.Argument(metavar="REF", help="The commit; the newest by default.")
    ] = None,
    message: Message = "",
    ours: Ours = None,
    theirs: Theirs = None,
    use: Use = None,
    strategy: Strategy = None,
    mainline: Mainline = None,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take back what one commit has changed, by a new commit. What came after it stays.

    Where a path was changed again since, nothing is changed, the paths are listed, and the exit
    code is 4; --ours, --theirs, --use and --strategy decide them.

    JSON: a MergeInfo, and "jobs", an array of JobInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    decided = read_decisions(strategy, ours, theirs, use)
    with invocation.connect() as client:
        ref = commit or client.resolve(branch).id
        done = client.revert(
            branch,
            ref,
            message,
            **decided,
            mainline=mainline,
            run=False,
        )
        code = finish(invocation, client, done, f"reverted {ref[:12]} on {branch}", no_run=no_run)
    raise typer.Exit(code)
