"""``python -m benchmarks [ROW ...]``: measure, print a table, write ``docs/benchmarks.md``."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.bench import Bench
from benchmarks.machine import describe_machine, describe_peers
from benchmarks.measure import measure
from benchmarks.report import lines, page
from benchmarks.result import Result, load, save
from benchmarks.row import Missing, Row
from benchmarks.rows import ROWS

_DOCS = Path(__file__).parents[1] / "docs"
_PAGE = _DOCS / "benchmarks.md"
_KEPT = _DOCS / "benchmarks.json"
#: Load of the machine above which other work disturbs the figures.
_QUIET = 1.0

# Wide enough for the table where the output is no terminal.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def main() -> int:
    """Measure what the arguments name; 1 where a limit does not hold."""
    arguments = _arguments()
    # Asked once: later it is the benchmark's own.
    load_before = os.getloadavg()[0]
    chosen = [row for row in ROWS if not arguments.rows or row.name in arguments.rows]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    measured: list[tuple[Row, Result]] = []
    try:
        for row in chosen:
            console.print(f"[bold]{row.name}[/]: {row.work}")
            try:
                result = _measure(row, arguments, load_before)
            except Missing as error:
                console.print(f"  not measured: {error}")
                continue
            measured.append((row, result))
            _print([(row, result)])
            if arguments.scale == 1:
                _keep(result)
    finally:
        if not arguments.keep:
            shutil.rmtree(arguments.folder, ignore_errors=True)
    if len(measured) > 1:
        _print(measured)
    return 1 if any(result.is_within(row) is False for row, result in measured) else 0


def _measure(row: Row, arguments: argparse.Namespace, load_before: float) -> Result:
    with contextlib.ExitStack() as cleanup:
        pair = row.prepare(Bench(arguments.folder.absolute(), arguments.scale, cleanup))
        timings = measure(pair, arguments.runs, int(row.memory * min(1, arguments.scale)))
        notes = [*pair.facts(), *pair.absent]
    if load_before > _QUIET:
        notes.append(f"the machine was busy with other work: load {load_before:.1f} before")
    shutil.rmtree(arguments.folder / "runs", ignore_errors=True)
    return Result(
        row=row.name,
        day=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        machine=describe_machine(arguments.folder),
        peers=describe_peers(),
        timings=tuple(timings),
        notes=tuple(notes),
    )


def _keep(result: Result) -> None:
    kept = load(_KEPT) | {result.row: result}
    save(_KEPT, kept)
    _PAGE.write_text(page([(row, kept[row.name]) for row in ROWS if row.name in kept]))


def _print(rows: list[tuple[Row, Result]]) -> None:
    table = Table("row", "datavc", "against", "", "ratio", "at most", "")
    for (row, _), cells in zip(rows, lines(rows), strict=True):
        table.add_row(row.name, *cells[1:])
    console.print(table)
    for row, result in rows:
        for note in (*(f"{t.name}: {t.median:.3f} s" for t in result.timings[2:]), *result.notes):
            console.print(f"  {row.name}: {note}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument("rows", nargs="*", choices=[*names, []], metavar="ROW", help=str(names))
    parser.add_argument("--runs", type=int, default=5, help="times each side is measured")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="of the data; the page is written at 1 only"
    )
    parser.add_argument(
        "--folder", type=Path, default=Path(".bench"), help="for data; removed at the end"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
