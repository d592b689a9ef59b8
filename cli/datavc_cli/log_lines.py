"""Options of the verbs that print logs, and printing them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from datavc_cli.invocation import Invocation
from datavc_cli.output import write_json_list
from datavc_cli.wording import moment, safe, short

if TYPE_CHECKING:
    from datavc.model.job import LogLine

Datum = Annotated[
    str | None, typer.Option("--datum", metavar="DATUM", help="Only this datum's lines.")
]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with lines as they are printed.")
]
Since = Annotated[
    str, typer.Option("--since", metavar="TIME", help="Only from then on, as '5 minutes ago'.")
]
Tail = Annotated[
    int | None, typer.Option("--tail", "-n", min=0, metavar="N", help="Only the last N lines.")
]
Grep = Annotated[
    str,
    typer.Option("--grep", "-g", metavar="TEXT", help="Only lines with TEXT, in whatever case."),
]


def show_lines(
    invocation: Invocation, lines: Iterator[LogLine], *, with_job: bool, follow: bool
) -> None:
    """Print log lines as they come.

    Args:
        invocation: what was said before the verb.
        lines: what to print.
        with_job: whether to say which job a line belongs to.
        follow: write JSON line by line, since the end may never come.
    """
    if invocation.as_json and not follow:
        write_json_list(lines)
        return
    empty = True
    for line in lines:
        empty = False
        if invocation.as_json:
            import msgspec

            sys.stdout.write(f"{msgspec.json.encode(line).decode()}\n")
        else:
            job = f"{line.job[:20]} " if with_job else ""
            source = short(line.datum) if line.datum else "engine"
            sys.stdout.write(f"{moment(line.time_us)} {job}{source:12} {safe(line.text)}\n")
        if follow:
            sys.stdout.flush()
    if empty:
        invocation.advise("There is no such line.")
