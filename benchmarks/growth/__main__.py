"""``python -m benchmarks.growth``: measure at each size, write ``docs/benchmarks-growth.md``."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from benchmarks.growth.figure import Figure
from benchmarks.growth.report import Curve, page, summary
from benchmarks.growth.works import WORKS
from benchmarks.machine import describe_machine

_ROOT = Path(__file__).parents[2]
_PAGE = _ROOT / "docs" / "benchmarks-growth.md"
_KEPT = _ROOT / "docs" / "benchmarks-growth.json"
_SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
#: Syncs of a file that are timed, to tell the disk's share.
_SYNCS = 50

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def main() -> int:
    """Measure every piece of work at every size; the page is written where all sizes are."""
    arguments = _arguments()
    load = os.getloadavg()[0]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    figures: dict[int, dict[str, Figure]] = {}
    try:
        sync = _time_sync(arguments.folder)
        for files in arguments.files:
            figures[files] = _measure(arguments.folder.absolute() / "home", files)
        machine = describe_machine(arguments.folder)
    finally:
        shutil.rmtree(arguments.folder, ignore_errors=True)
    day = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    curve = Curve(day, machine, round(load, 1), sync, figures)
    if tuple(figures) == _SIZES:
        _KEPT.write_text(curve.to_json())
        _PAGE.write_text(page(curve))
    return 0


def _measure(home: Path, files: int) -> dict[str, Figure]:
    console.print(f"[bold]{files:,} files[/]")
    found = {}
    for name in WORKS:
        command = [sys.executable, "-m", "benchmarks.growth.measured_process", name]
        os.sync()
        ran = subprocess.run(
            [*command, str(home), str(files)], cwd=_ROOT, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if ran.returncode:
            raise RuntimeError(f"{name} of {files} files failed: {ran.stderr[-2000:]}")
        found[name] = Figure(**json.loads(ran.stdout))
        console.print(f"  {name}: {summary(found[name])}")
    shutil.rmtree(home)
    return found


def _time_sync(folder: Path) -> float:
    """Seconds that the disk takes to make 4 KiB durable; the median."""
    path = folder / "sync"
    with path.open("wb") as file:
        seconds = sorted(_sync_once(file.fileno()) for _ in range(_SYNCS))
    path.unlink()
    return seconds[_SYNCS // 2]


def _sync_once(file: int) -> float:
    os.write(file, b"x" * 4096)
    start = time.perf_counter()
    os.fsync(file)
    return time.perf_counter() - start


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument(
        "--files", type=int, nargs="+", default=_SIZES,
        help="sizes; the page is written when they are the usual ones",
    )  # fmt: skip
    parser.add_argument(
        "--folder", type=Path, default=Path(".bench-growth"), help="for data; removed at the end"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
