"""``python -m benchmarks.load``: let clients work, write ``docs/load.md``."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from rich.console import Console

from benchmarks.load.outcome import Outcome, load, save
from benchmarks.load.report import lines, page
from benchmarks.load.run import Wanted, run
from benchmarks.row import Missing

_DOCS = Path(__file__).parents[2] / "docs"
_PAGE = _DOCS / "load.md"
_KEPT = _DOCS / "load.json"
#: What the page is written of.
_MINUTES = 10.0
_CLIENTS = 64
#: Seconds between two kills.
_EVERY = 20.0

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def main() -> int:
    """Make one run; 1 where something went wrong in it."""
    arguments = _arguments()
    wanted = Wanted(
        arguments.clients,
        arguments.minutes * 60,
        arguments.every if arguments.faults else None,
    )
    try:
        outcome = run(arguments.folder.absolute(), wanted)
    except Missing as error:
        console.print(f"not measured: {error}")
        return 1
    finally:
        shutil.rmtree(arguments.folder, ignore_errors=True)
    for line in lines(outcome):
        console.print(line, markup=False)
    for error in outcome.errors[:3]:
        console.print(error, markup=False, style="dim")
    usual = (arguments.minutes, arguments.clients) == (_MINUTES, _CLIENTS)
    if usual and not arguments.trial:
        _keep("faults" if arguments.faults else "calm", outcome)
    return 0 if outcome.is_clean else 1


def _keep(name: str, outcome: Outcome) -> None:
    kept = load(_KEPT) | {name: outcome}
    save(_KEPT, kept)
    _PAGE.write_text(page(kept))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="how long clients work")
    parser.add_argument(
        "--clients", type=int, default=_CLIENTS,
        help="how many; the page is written of the usual number and time",
    )  # fmt: skip
    parser.add_argument(
        "--faults", action="store_true", help="kill servers, PostgreSQL and the S3 server"
    )
    parser.add_argument(
        "--every", type=float, default=_EVERY, metavar="SECONDS", help="between two kills"
    )
    parser.add_argument("--trial", action="store_true", help="leave the page as it is")
    parser.add_argument(
        "--folder", type=Path, default=Path(".bench-load"), help="for data; removed at the end"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
