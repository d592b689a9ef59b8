"""What merge, revert and cherry-pick have in common: options, and telling what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from datavc_cli.failures import CONFLICT, report
from datavc_cli.invocation import Invocation
from datavc_cli.landing import run_pipelines, tell_jobs
from datavc_cli.output import write_json, write_line
from datavc_cli.wording import count, safe, short, size

if TYPE_CHECKING:
    from datavc import Client
    from datavc.model.merge_info import ConflictInfo, MergeInfo

Message = Annotated[
    str, typer.Option("--message", "-m", metavar="TEXT", help="Why; else a text that names both.")
]
Strategy = Annotated[
    str | None,
    typer.Option(metavar="ours|theirs", help="Whose side to take where both changed a path."),
]
Ours = Annotated[
    list[str] | None,
    typer.Option(metavar="PATH", help="Take BRANCH's side of a file, folder or glob; repeatable."),
]
Theirs = Annotated[
    list[str] | None,
    typer.Option(metavar="PATH", help="Take the other side of it; repeatable."),
]
Use = Annotated[
    list[str] | None,
    typer.Option(metavar="PATH=FILE", help="Take a local file instead of both; repeatable."),
]
Mainline = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Which parent a merge commit is compared with."),
]


class Decided(TypedDict):
    """What the SDK takes to decide conflicts."""

    strategy: str | None
    ours: Sequence[str]
    theirs: Sequence[str]
    content: Mapping[str, Path]


def read_decisions(
    strategy: str | None,
    ours: Sequence[str] | None,
    theirs: Sequence[str] | None,
    use: Sequence[str] | None,
    bare: list[str] | None = None,
) -> Decided:
    """What the options say of conflicts.

    Args:
        strategy, ours, theirs, use: what was typed.
        bare: takes what of *use* is no ``PATH=FILE``, where that is allowed.

    Raises:
        BadParameter: there is no such strategy or file, or ``--use`` is malformed.
    """
    if strategy not in (None, "ours", "theirs"):
        raise typer.BadParameter(f"{strategy!r} is neither ours nor theirs")
    content = _read_use(use or (), bare)
    return Decided(strategy=strategy, ours=ours or (), theirs=theirs or (), content=content)


def _read_use(given: Sequence[str], bare: list[str] | None) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for text in given:
        path, equals, local = text.partition("=")
        if bare is not None and (not equals or Path(text).is_file()):
            bare.append(text)
            continue
        if not path or not equals:
            raise typer.BadParameter(f"--use {text} is not PATH=FILE")
        if not Path(local).is_file():
            raise typer.BadParameter(f"--use {text}: there is no file {local!r}")
        found[path] = Path(local)
    return found


def finish(
    invocation: Invocation, client: Client, done: MergeInfo, what: str, *, no_run: bool
) -> int:
    """Run the pipelines, tell what was done, and give the exit code."""
    jobs = run_pipelines(invocation, client, done, no_run=no_run)
    if invocation.as_json:
        write_json({**asdict(done), "jobs": jobs})
    if done.outcome == "conflict":
        _tell_conflicts(invocation, done)
        return CONFLICT
    head = short(done.commit.id if done.commit else None)
    said = {
        "merged": f"{what} as {head}",
        "fast_forward": f"{what}: fast-forward to {head}",
        "up_to_date": f"nothing to do: everything is there already, at {head}",
    }
    decided = f", {count(len(done.conflicts), 'conflict')} decided" if done.conflicts else ""
    invocation.say(said[done.outcome.value] + decided)
    return tell_jobs(invocation, jobs)


def _tell_conflicts(invocation: Invocation, done: MergeInfo) -> None:
    if invocation.as_json:
        return
    left = [conflict for conflict in done.conflicts if conflict.decided is None]
    for conflict in left:
        write_line(f"conflict  /{safe(conflict.path)}  ({_sides(conflict)})")
    decided = len(done.conflicts) - len(left)
    report(
        f"both sides changed {count(len(done.conflicts), 'path')}"
        + (f", {len(left)} of them undecided" if decided else "")
        + "; nothing was changed",
        "decide each by --ours PATH, --theirs PATH or --use PATH=FILE, or all the others by "
        "--strategy ours or theirs",
        "conflict",
        as_json=False,
    )


def _sides(conflict: ConflictInfo) -> str:
    sides = (
        ("before", conflict.base_size),
        ("ours", conflict.ours_size),
        ("theirs", conflict.theirs_size),
    )
    return ", ".join(f"{name} {_side(name, amount, conflict)}" for name, amount in sides)


def _side(name: str, amount: int | None, conflict: ConflictInfo) -> str:
    if name == conflict.folder:
        return "a folder"
    return "none" if amount is None else size(amount)
