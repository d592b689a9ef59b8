"""Results as a table: for the terminal, and as the page ``docs/benchmarks.md``."""

from __future__ import annotations

from benchmarks.measure import Timing
from benchmarks.result import Result
from benchmarks.row import Row

_HEAD = """\
# Benchmarks

Each row does one piece of work with datavc and with a program that people use for the same, in
turn, in one run, after a warm-up of both. Times are medians, with the range of all runs behind
them. Stores start empty, the system's caches are warm, and dirty pages are written out before the
clock starts. Memory is touched and given back before each side, since a virtual machine pays for
memory that it uses for the first time. The data is noise: nothing compresses.

datavc is the command `datavc` as a process of its own, its start included, except where a row says
"in the process". The store is a local folder unless the row names S3, where the server (SeaweedFS)
runs on the same processors and competes for them.

`make bench` measures again and writes this page; `make bench ROWS='get-big diff'` measures some
rows.

"""
_COLUMNS = ("work", "datavc", "against", "", "ratio", "at most", "")


def lines(rows: list[tuple[Row, Result]]) -> list[tuple[str, ...]]:
    """Cells of the table, without its header."""
    return [_cells(row, result) for row, result in rows]


def page(rows: list[tuple[Row, Result]]) -> str:
    """The whole page, in Markdown."""
    text = [
        _HEAD.rstrip() + "\n",
        "| " + " | ".join(_COLUMNS) + " |",
        "|" + " --- |" * len(_COLUMNS),
    ]
    text += ["| " + " | ".join(cells) + " |" for cells in lines(rows)]
    text += ["", "## Beside these", ""]
    for row, result in rows:
        more = [f"{each.name} {_seconds(each)}" for each in result.timings[2:]]
        for note in [*more, *result.notes]:
            text.append(f"- `{row.name}`: {note}")
    text += ["", "## Measured on", ""]
    for place in sorted({(r.day, r.machine, r.peers) for _, r in rows}):
        names = ", ".join(
            f"`{row.name}`" for row, r in rows if (r.day, r.machine, r.peers) == place
        )
        text.append(f"- {place[0]}: {place[1]}. {place[2]}. Rows: {names}.")
    return "\n".join(text) + "\n"


def _cells(row: Row, result: Result) -> tuple[str, ...]:
    ratio = result.ratio()
    within = result.is_within(row)
    limit = f"{row.at_most:g}x" if row.against else f"{row.at_most * 1000:g} ms"
    return (
        row.work,
        _seconds(result.timings[0]),
        row.against or "-",
        _seconds(result.timings[1]) if ratio is not None else "-",
        f"{ratio:.2f}x" if ratio is not None else "-",
        limit,
        {True: "met", False: "missed", None: "not compared"}[within],
    )


def _seconds(timing: Timing) -> str:
    if timing.median < 0.1:
        return (
            f"{timing.median * 1000:.1f} ms "
            f"({min(timing.runs) * 1000:.1f}-{max(timing.runs) * 1000:.1f})"
        )
    return f"{timing.median:.2f} s ({min(timing.runs):.2f}-{max(timing.runs):.2f})"
