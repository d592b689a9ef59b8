"""``datavc lineage``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datavc.errors import InvalidInput
from datavc_cli.invocation import begin
from datavc_cli.options import CommitAddress, Json, Quiet
from datavc_cli.output import write_json
from datavc_cli.wording import moment, safe, short

if TYPE_CHECKING:
    from datavc.model.commit_info import CommitInfo, Lineage


def lineage(
    context: typer.Context,
    address: CommitAddress,
    downstream: Annotated[
        bool, typer.Option("--downstream", help="What was made from it, not what it was made from.")
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--svg", metavar="FILE", dir_okay=False, help="Write a picture to FILE; - for stdout."
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw the commits that a commit was made from, at any depth.

    As a tree of text, or with --svg as a picture with the pipeline versions and jobs between them.

    JSON: a Lineage, with its commits as CommitInfo and its edges as LineageEdge.
    """
    invocation = begin(context, as_json=as_json, quiet=quiet)
    with invocation.connect() as client:
        found = client.lineage(address, direction="downstream" if downstream else "upstream")
    if as_json:
        write_json(found)
        return
    if picture is not None:
        _write_picture(found, picture)
        return
    for line in draw(found):
        sys.stdout.write(f"{line}\n")
    if not found.edges:
        relation = "used for" if downstream else "made from"
        invocation.advise(f"It was not {relation} any other commit.")


def _write_picture(found: Lineage, path: Path) -> None:
    from datavc_cli.lineage_picture import draw_picture

    text = draw_picture(found)
    if str(path) == "-":
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(
            f"the picture cannot be written to {str(path)!r}: {error.strerror}",
            hint="give another file",
        ) from None


def draw(found: Lineage) -> Iterator[str]:
    """The lines of a tree; a commit that was drawn already is not opened again."""
    commits = {commit.id: commit for commit in found.commits}
    nexts: dict[str, list[str]] = {}
    for edge in found.edges:
        start, end = edge.downstream, edge.upstream
        if found.direction == "downstream":
            start, end = end, start
        nexts.setdefault(start, []).append(end)
    yield _describe(commits, found.commit)
    drawn = {found.commit}
    # A stack rather than recursion: a chain may be longer than Python's stack is deep.
    stack = _children(nexts, found.commit, "")
    while stack:
        identifier, prefix, is_last = stack.pop()
        again = identifier in drawn and identifier in nexts
        mark = "  (see above)" if again else ""
        yield f"{prefix}{'└── ' if is_last else '├── '}{_describe(commits, identifier)}{mark}"
        if identifier not in drawn:
            drawn.add(identifier)
            stack += _children(nexts, identifier, prefix + ("    " if is_last else "│   "))


def _children(
    nexts: dict[str, list[str]], identifier: str, prefix: str
) -> list[tuple[str, str, bool]]:
    ends = nexts.get(identifier, [])
    last = len(ends) - 1
    return [(end, prefix, at == last) for at, end in enumerate(ends)][::-1]


def _describe(commits: dict[str, CommitInfo], identifier: str) -> str:
    commit = commits.get(identifier)
    if commit is None:
        return f"{short(identifier)}  (its repo was deleted)"
    by = f"pipeline {commit.pipeline}" if commit.pipeline else commit.author
    title = commit.message.partition("\n")[0]
    said = f'  "{title}"' if title and not commit.pipeline else ""
    return safe(f"{commit.repo}@{short(commit.id)}  {moment(commit.time_us)}  {by}{said}")
