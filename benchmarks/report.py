"""Results as a table: for the terminal, and as the page ``docs/benchmarks.md``."""

from __future__ import annotations

import statistics

from benchmarks.measure import Role, Timing
from benchmarks.result import Result
from benchmarks.row import Row

_HEAD = """\
# Benchmarks

Each row does one piece of work with datavc and with the programs that people use for the same, in
turn, in one run; the ratio is datavc's time over that of the fastest of them. Times are medians,
with the range of all runs behind them, after a run of each to warm up. A peer that takes more than
five seconds and over 1.25 times as long as the fastest runs once ("once").

Every program keeps a folder of its own with the same content, with its settings as they come.
Stores start empty, the system's caches are warm, and dirty pages are written out before the clock
starts. Memory is touched and given back before each run, since a virtual machine pays for memory
that it uses for the first time. The data is noise: nothing compresses. What is restored is compared
byte for byte. "+" is what a run adds to what is stored, at most.

datavc is the command `datavc` as a process of its own, its start included, except where a row says
"in the process". "datavc, working copy" is `datavc commit` where the others add and commit; without
it, `datavc put` is given the folder, as a backup program is. The store is a local folder unless the
row names S3, where the server (SeaweedFS) runs on the same processors and competes for them.

- git runs without its collection in the background (`gc.auto=0`), which would disturb the others;
  git-lfs keeps all `*.bin`.
- DVC's restore is `dvc checkout` in a clone that shares the cache; its switch is `git switch` and
  `dvc checkout`. To S3 it pushes what is in its cache already.
- Oxen comes as a Python package without a command, so a small script drives it; it restores in
  place, and switches to a branch as it makes one.
- restic always encrypts; Borg has no encryption here.

`make bench-peers` prepares the peers, `make bench` measures again and writes this page, and
`make bench ROWS='get-big diff'` measures some rows.

"""
_COLUMNS = ("work", "datavc", "best peer", "", "ratio", "target", "reached", "")


def lines(rows: list[tuple[Row, Result]]) -> list[tuple[str, ...]]:
    """Cells of the table, without its header."""
    return [_cells(row, result) for row, result in rows]


def page(rows: list[tuple[Row, Result]]) -> str:
    """The whole page, in Markdown."""
    text = [_HEAD.rstrip(), "", *_table(_COLUMNS, lines(rows))]
    text += ["", "## Every program", "", *_matrix(rows)]
    text += ["", "## Beside these", ""]
    for row, result in rows:
        text += [f"- `{row.name}`: {note}" for note in notes(row, result)]
    text += ["", "## Measured on", ""]
    for place in sorted({(r.day, r.machine, r.peers) for _, r in rows}):
        names = ", ".join(
            f"`{row.name}`" for row, r in rows if (r.day, r.machine, r.peers) == place
        )
        text.append(f"- {place[0]}: {place[1]}. {place[2]}. Rows: {names}.")
    return "\n".join(text) + "\n"


def notes(row: Row, result: Result) -> list[str]:
    """What the table does not hold."""
    said = [f"{each.name}: {_seconds(each)}" for each in result.of(Role.BESIDE)]
    if row.grows_at_most is not None and result.ours.grown:
        grown = _size(max(result.ours.grown))
        said.append(
            f"datavc adds {grown} to what is stored; the limit is {_size(row.grows_at_most)}"
        )
    return [*said, *result.notes]


def everyone(result: Result) -> list[tuple[str, str]]:
    """Everyone's figures; ours, and then the peers, the fastest first."""
    peers = sorted(result.of(Role.PEER), key=lambda each: each.median)
    return [
        (each.name, f"{_figures(each)}, processor {statistics.median(each.processor):.2f} s")
        for each in (result.ours, *peers)
    ]


def _matrix(rows: list[tuple[Row, Result]]) -> list[str]:
    compared = [(row, result) for row, result in rows if result.of(Role.PEER)]
    names = {each.name: None for _, result in compared for each in result.of(Role.PEER)}
    cells = []
    for row, result in compared:
        figures = {each.name: _figures(each) for each in result.of(Role.PEER)}
        cells.append(
            (f"`{row.name}`", _figures(result.ours), *(figures.get(name, "-") for name in names))
        )
    return _table(("row", "datavc", *names), cells)


def _table(head: tuple[str, ...], cells: list[tuple[str, ...]]) -> list[str]:
    return [
        "| " + " | ".join(head) + " |",
        "|" + " --- |" * len(head),
        *("| " + " | ".join(each) + " |" for each in cells),
    ]


def _cells(row: Row, result: Result) -> tuple[str, ...]:
    best, ratio, reached = result.best_peer(), result.ratio(), result.reached(row)
    if reached is None:
        shown = "-"
    else:
        shown = f"{reached * 1000:.1f} ms" if row.target.seconds else f"{reached:.2f}x"
    return (
        row.work,
        _seconds(result.ours),
        best.name if best else "-",
        _seconds(best) if best else "-",
        f"{ratio:.2f}x" if ratio is not None else "-",
        str(row.target),
        shown,
        {True: "met", False: "missed", None: "not compared"}[result.is_met(row)],
    )


def _figures(timing: Timing) -> str:
    more = f", +{_size(max(timing.grown))}" if timing.grown else ""
    return _seconds(timing) + more


def _seconds(timing: Timing) -> str:
    low, middle, high = min(timing.runs), timing.median, max(timing.runs)
    if middle < 0.1:
        low, middle, high, unit, digits = low * 1000, middle * 1000, high * 1000, "ms", 1
    else:
        unit, digits = "s", 2
    spread = f"{low:.{digits}f}-{high:.{digits}f}" if len(timing.runs) > 1 else "once"
    return f"{middle:.{digits}f} {unit} ({spread})"


def _size(size: int) -> str:
    if size < 1024**2:
        return f"{size / 1024:,.0f} KiB"
    return f"{size / 1024**2:,.1f} MiB"
