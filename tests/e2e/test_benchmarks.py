"""The benchmarks, on little data: that they run, and what they report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.growth.figure import Figure
from benchmarks.growth.report import Curve
from benchmarks.growth.report import page as growth_page
from benchmarks.growth.works import WORKS
from benchmarks.measure import Timing, measure
from benchmarks.report import page
from benchmarks.result import Result, load, save
from benchmarks.row import Pair, Row, Side
from benchmarks.rows import ROWS

ROOT = Path(__file__).parents[2]


def result(*medians: float) -> Result:
    timings = tuple(Timing(f"side {at}", (value,)) for at, value in enumerate(medians))
    return Result("row", "2026-01-01", "a machine", "git 2", timings, ("a note",))


def row(at_most: float, against: str = "git") -> Row:
    return Row("row", "some work", against, at_most, 0, lambda _: Pair(Side("x", lambda: None)))


def test_rows_run(tmp_path: Path) -> None:
    # Neither row needs a peer that may not be installed.
    command = [sys.executable, "-m", "benchmarks", "put-edited-big", "job"]
    options = ["--runs", "1", "--scale", "0.003", "--folder", str(tmp_path / "bench")]
    page_before = (ROOT / "docs" / "benchmarks.md").read_bytes()
    ran = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode in (0, 1), ran.stderr
    assert "KiB stored at most" in ran.stdout, ran.stderr
    assert "the bare processes" in ran.stdout
    assert not (tmp_path / "bench").exists()
    assert (ROOT / "docs" / "benchmarks.md").read_bytes() == page_before


def test_growth_is_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.growth", "--files", "300"]
    folder = tmp_path / "bench"
    ran = subprocess.run(
        [*command, "--folder", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    for work in WORKS:
        assert f"{work}: " in ran.stdout
    assert not folder.exists()


def test_the_page_of_growth_has_a_column_for_each_size() -> None:
    figures = {size: {"commit": Figure(size / 1e6, size, 2**26)} for size in (1000, 2_000_000)}
    text = growth_page(Curve("2026-01-01", "a machine", 2.5, 0.004, figures))
    assert "| work | 1,000 files | 2,000,000 files |" in text
    assert "| commit | 1.0 ms, 1 KiB, 64 MiB | 2.0 s, 2 MiB, 64 MiB |" in text
    assert "busy with other work (load 2.5)" in text
    assert "4.0 ms" in text


def test_sides_take_turns_and_are_reset() -> None:
    calls: list[str] = []

    def side(name: str) -> Side:
        return Side(name, lambda: calls.append(name), lambda: calls.append(f"reset {name}"))

    ours, theirs = measure(Pair(side("a"), [side("b")]), runs=2, memory=0)
    assert (ours.name, theirs.name) == ("a", "b")
    assert len(ours.runs) == len(theirs.runs) == 2
    a, b = ["reset a", "a"], ["reset b", "b"]
    assert calls == [*a, *b, *b, *a, *a, *b]


def test_own_measure_wins() -> None:
    (timing,) = measure(Pair(Side("a", lambda: 42.0)), runs=3, memory=4096)
    assert timing.median == 42.0


def test_limits() -> None:
    assert result(1.0, 2.0).is_within(row(0.5)) is True
    assert result(1.1, 2.0).is_within(row(0.5)) is False
    assert result(0.009).is_within(row(0.010, against="")) is True
    assert result(0.011).is_within(row(0.010, against="")) is False
    assert result(1.0).is_within(row(0.5)) is None


def test_results_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    assert load(path) == {}
    save(path, {"row": result(1.0, 2.0)})
    assert load(path) == {"row": result(1.0, 2.0)}


def test_page_names_the_machine() -> None:
    text = page([(row(0.4), result(1.0, 2.0, 3.0))])
    assert (
        "| some work | 1.00 s (1.00-1.00) | git | 2.00 s (2.00-2.00) | 0.50x | 0.4x | missed |"
        in text
    )
    assert "`row`: side 2 3.00 s" in text
    assert "2026-01-01: a machine. git 2. Rows: `row`." in text


def test_names_are_unique() -> None:
    assert len({each.name for each in ROWS}) == len(ROWS)
