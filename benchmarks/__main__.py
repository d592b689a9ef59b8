"""``python -m benchmarks [ROW ...]``: measure, print a table, write ``docs/benchmarks.md``."""

from __future__ import annotations

import argparse
import datetime
import os
import shutil
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.bench import Bench
from benchmarks.machine import describe_machine, describe_peers, look_for_peers
from benchmarks.measure import measure
from benchmarks.report import everyone, lines, notes, page
from benchmarks.result import Result, load, save
from benchmarks.row import Missing, Row
from benchmarks.rows import ROWS

_DOCS = Path(__file__).parents[1] / "docs"
_PAGE = _DOCS / "benchmarks.md"
_KEPT = _DOCS / "benchmarks.json"
#: Load of the machine above which other work disturbs the figures.
_QUIET = 1.0
#: Bytes of disk that all rows need at most, at scale 1.
_SPACE = 45 * 1024**3

# Wide enough for the table where the output is no terminal.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def main() -> int:
    """Measure what the arguments name; 1 where a target is missed."""
    arguments = _arguments()
    _print_peers()
    if arguments.peers:
        return 0
    # Asked once: later it is the benchmark's own.
    load_before = os.getloadavg()[0]
    chosen = [row for row in ROWS if not arguments.rows or row.name in arguments.rows]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    _warn_of_space(arguments)
    bench = Bench(arguments.folder.absolute(), arguments.scale)
    measured: list[tuple[Row, Result]] = []
    try:
        for number, row in enumerate(chosen):
            result = _measure(row, bench, arguments, load_before)
            if result is not None:
                measured.append((row, result))
                if arguments.scale == 1 and not arguments.trial:
                    _keep(result)
            if row.data not in {later.data for later in chosen[number + 1 :]}:
                bench.forget(row.data)
    finally:
        if not arguments.keep:
            shutil.rmtree(arguments.folder, ignore_errors=True)
    if len(measured) > 1:
        _print(measured)
    return 1 if any(result.is_met(row) is False for row, result in measured) else 0


def _measure(
    row: Row, bench: Bench, arguments: argparse.Namespace, load_before: float
) -> Result | None:
    console.print(f"[bold]{row.name}[/]: {row.work}")
    start = time.monotonic()
    memory = int(row.memory * min(1, arguments.scale))
    with bench.cleanup:
        try:
            contest = row.prepare(bench)
        except Missing as error:
            console.print(f"  not measured: {error}")
            return None
        timings = measure(contest, arguments.runs, memory, arguments.patience)
        said = [*contest.facts(timings), *contest.absent]
    if load_before > _QUIET:
        said.append(f"the machine was busy with other work: load {load_before:.1f} before")
    result = Result(
        row=row.name,
        day=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        machine=describe_machine(arguments.folder),
        peers=describe_peers(),
        timings=tuple(timings),
        notes=tuple(said),
    )
    for name, figures in everyone(result):
        console.print(f"  {name:20} {figures}")
    for note in notes(row, result):
        console.print(f"  {note}", style="dim")
    console.print(f"  all of it took {time.monotonic() - start:.0f} s", style="dim")
    return result


def _keep(result: Result) -> None:
    kept = load(_KEPT) | {result.row: result}
    kept = {row.name: kept[row.name] for row in ROWS if row.name in kept}
    save(_KEPT, kept)
    _PAGE.write_text(page([(row, kept[row.name]) for row in ROWS if row.name in kept]))


def _print(rows: list[tuple[Row, Result]]) -> None:
    table = Table("row", "datavc", "best peer", "", "ratio", "target", "reached", "")
    for (row, _), cells in zip(rows, lines(rows), strict=True):
        table.add_row(row.name, *cells[1:])
    console.print(table)


def _print_peers() -> None:
    for name, version, reason in look_for_peers():
        console.print(f"{name:8} {version or f'left out: {reason}'}")


def _warn_of_space(arguments: argparse.Namespace) -> None:
    free, needed = shutil.disk_usage(arguments.folder).free, _SPACE * arguments.scale
    if free < needed:
        console.print(
            f"[bold]{free / 1024**3:.0f} GiB are free in {arguments.folder}; "
            f"all rows together may need {needed / 1024**3:.0f}"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument("rows", nargs="*", choices=[*names, []], metavar="ROW", help=str(names))
    parser.add_argument(
        "--runs", type=int, default=3, help="times each side is measured; 1: without a warm-up"
    )
    parser.add_argument(
        "--patience", type=float, default=5, metavar="SECONDS",
        help="a peer that takes longer, and is not among the fastest, runs once",
    )  # fmt: skip
    parser.add_argument(
        "--scale", type=float, default=1.0, help="of the data; the page is written at 1 only"
    )
    parser.add_argument("--trial", action="store_true", help="leave the page as it is")
    parser.add_argument(
        "--folder", type=Path, default=Path(".bench"), help="for data; removed at the end"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    parser.add_argument(
        "--peers", action="store_true", help="only say which peers are here, and how to get others"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
