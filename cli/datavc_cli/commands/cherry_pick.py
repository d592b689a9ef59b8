"""``datavc cherry-pick``."""

from __future__ import annotations

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
from datavc_cli.options import BranchAddress, CommitAddress, Json, NoRun, Quiet


def cherry_pick(
    context: typer.Context,
    source: CommitAddress,
    branch: BranchAddress,
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
    """Do on a branch what one commit, of this or of another repo, has changed there.

    Where the branch has changed a path, too, nothing is changed, the paths are listed, and the
    exit code is 4; --ours, --theirs, --use and --strategy decide them.

    JSON: a MergeInfo, and "jobs", an array of JobInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    decided = read_decisions(strategy, ours, theirs, use)
    with invocation.connect() as client:
        done = client.cherry_pick(
            source,
            branch,
            message,
            **decided,
            mainline=mainline,
            run=False,
        )
        code = finish(invocation, client, done, f"picked {source} onto {branch}", no_run=no_run)
    raise typer.Exit(code)
