"""``datavc merge``."""

from __future__ import annotations

from typing import Annotated

import typer

from datavc_cli.invocation import begin
from datavc_cli.merging import (
    Message,
    Ours,
    Strategy,
    Theirs,
    Use,
    check_strategy,
    finish,
    read_use,
)
from datavc_cli.options import CommitAddress, Json, NoRun, Quiet


def merge(
    context: typer.Context,
    source: CommitAddress,
    branch: Annotated[str, typer.Argument(metavar="BRANCH", help="What is changed.")],
    message: Message = "",
    ours: Ours = None,
    theirs: Theirs = None,
    use: Use = None,
    strategy: Strategy = None,
    no_ff: Annotated[
        bool, typer.Option("--no-ff", help="Make a commit even where the branch could just move.")
    ] = False,
    no_run: NoRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Bring what REPO@REF has changed, since the two parted, into BRANCH of the same repo.

    Where both sides changed a path, nothing is changed, the paths are listed, and the exit code
    is 4. Decide them one by one, or by a strategy, and merge again: only they are decided so.

        datavc merge data@relabel main --theirs labels.csv --use notes.txt=both.txt

    JSON: a MergeInfo, and "jobs", an array of JobInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    check_strategy(strategy)
    content = read_use(use)
    target = branch.partition("@")[2] or branch
    with invocation.connect() as client:
        done = client.merge(
            source,
            target,
            message,
            strategy=strategy,
            ours=ours or (),
            theirs=theirs or (),
            content=content,
            fast_forward=not no_ff,
            run=False,
        )
        code = finish(invocation, client, done, f"merged {source} into {target}", no_run=no_run)
    raise typer.Exit(code)
