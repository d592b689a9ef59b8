"""``datavc merge``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from datavc.errors import InvalidInput
from datavc_cli.completion import complete_address
from datavc_cli.invocation import Invocation, begin
from datavc_cli.merging import (
    Message,
    Ours,
    Strategy,
    Theirs,
    Use,
    finish,
    read_decisions,
)
from datavc_cli.options import Json, NoRun, Quiet
from datavc_cli.progress import transfer_progress
from datavc_cli.working_copy import shown, tell_update

if TYPE_CHECKING:
    from datavc.client.working_copy import WorkingCopy
    from datavc.client.working_copy_merge import CopyMerge


def merge(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="[REPO@]REF",
            help="What is brought in; in a working copy the REF alone.",
            autocompletion=complete_address,
        ),
    ],
    branch: Annotated[
        str | None,
        typer.Argument(
            metavar="[BRANCH]",
            help="What is changed; without it, the branch of the working copy around.",
        ),
    ] = None,
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
    """Bring what REF has changed, since the two parted, into BRANCH of the same repo.

    Where both sides changed a path, nothing is changed, the paths are listed, and the exit code
    is 4. Decide them one by one, or by a strategy, and merge again: only they are decided so.

    In a working copy the other side of conflicts is written beside them, `--use PATH` takes the
    file as it is in the folder, and the folder is brought to the merge.

    JSON: a MergeInfo, and "jobs", an array of JobInfo.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    use_here: list[str] = []
    decided = read_decisions(strategy, ours, theirs, use, None if branch else use_here)
    with invocation.connect() as client:
        if branch:
            target = _branch_of(branch, client.locate(source).repo)
            done = client.merge(
                source,
                target,
                message,
                **decided,
                fast_forward=not no_ff,
                run=False,
            )
            code = finish(invocation, client, done, f"merged {source} into {target}", no_run=no_run)
        else:
            copy = client.working_copy()
            with transfer_progress(invocation, "merging") as progress:
                made = client.merge_into_copy(
                    copy,
                    _ref_of(source, copy),
                    message,
                    **decided,
                    use=copy.relative(use_here),
                    fast_forward=not no_ff,
                    progress=progress,
                )
            what = f"merged {source} into {copy.name}"
            code = finish(invocation, client, made.merge, what, no_run=no_run)
            _tell_folder(invocation, made)
    raise typer.Exit(code)


def _branch_of(branch: str, repo: str) -> str:
    """The name of the branch that is changed; its repo may be named before it."""
    named, at, name = branch.partition("@")
    if at and named != repo:
        raise InvalidInput(
            f"{branch!r} is not a branch of repo {repo!r}",
            hint="`datavc cherry-pick` brings single commits from other repos",
        )
    return name if at else branch


def _ref_of(source: str, copy: WorkingCopy) -> str:
    """The ref of what is brought into a working copy; the repo may be named before it."""
    repo, at, ref = source.partition("@")
    if not at or ref.startswith("{"):
        return source
    if repo != copy.name.partition("@")[0]:
        raise InvalidInput(
            f"{source!r} is of another repo than the working copy",
            hint="`datavc cherry-pick` brings single commits from other repos",
        )
    return ref


def _tell_folder(invocation: Invocation, made: CopyMerge) -> None:
    if invocation.as_json:
        return
    if made.sides is not None:
        where = shown(made.sides)
        invocation.advise(
            f"Their side is in {where}/theirs, what both come from in {where}/before. "
            "`--use PATH` takes a file as it is here."
        )
    elif made.update is not None:
        tell_update(invocation, made.update)
