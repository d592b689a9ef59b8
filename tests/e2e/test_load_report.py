"""What a run under load comes to, and the page that is written of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.load.content import content_of
from benchmarks.load.faults import Outage
from benchmarks.load.outcome import Outcome, figures_of, load, save
from benchmarks.load.process_watch import Memory, memory_of
from benchmarks.load.report import page
from benchmarks.load.told import Taken

DOCS = Path(__file__).parents[2] / "docs"
MIB = 1024 * 1024

OUTCOME = Outcome(
    day="2026-01-01",
    machine="a machine",
    load_before=0.1,
    clients=64,
    seconds=600.0,
    figures=figures_of([Taken("read", 0.0, 0.25), Taken("read", 1.0, 1.5)]),
    commits=1200,
    refused=0,
    unknown=0,
    errors=[],
    problems=[],
    memory=[Memory("server 1", 210.0, 180.0, 200.0, 0.5)],
    servers_processor=1.0,
    clients_processor=0.5,
    outages=[],
)
BROKEN = replace(OUTCOME, refused=3, outages=[Outage("PostgreSQL", 20.0, 1.25)])


def test_percentiles_are_of_each_kind() -> None:
    taken = [Taken("read", 0.0, number / 1000) for number in range(100, 0, -1)]
    read, put = figures_of([*taken, Taken("put", 0.0, 3.0)])
    assert (read.kind, read.count) == ("read", 100)
    assert (read.p50, read.p95, read.p99, read.longest) == (0.05, 0.095, 0.099, 0.1)
    assert (put.p50, put.p99, put.longest) == (3.0, 3.0, 3.0)


def test_memory_that_grows_and_memory_that_does_not() -> None:
    flat = memory_of("a", [(second, 100 * MIB) for second in range(120)])
    assert (flat.most, flat.first_quarter, flat.last_quarter, flat.slope) == (100, 100, 100, 0)
    growing = memory_of("b", [(second, (100 + second // 2) * MIB) for second in range(240)])
    assert round(growing.slope) == 30
    assert growing.last_quarter > growing.first_quarter + 80
    assert memory_of("c", [(0.0, MIB)]).slope == 0


def test_a_run_is_clean_unless_something_went_wrong() -> None:
    assert OUTCOME.is_clean
    assert BROKEN.is_clean, "refusals are to be expected where things are away"
    assert not replace(OUTCOME, refused=1).is_clean
    assert not replace(OUTCOME, errors=["Traceback"]).is_clean
    assert not replace(BROKEN, problems=["fsck"]).is_clean


def test_outcomes_are_kept_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    assert load(path) == {}
    kept = {"calm": OUTCOME, "faults": BROKEN}
    save(path, kept)
    assert load(path) == kept
    text = page(kept)
    assert "| read | 2 | 250 ms | 1.50 s | 1.50 s | 1.50 s |" in text
    assert "64 clients for 10 minutes: 2 operations, 0 a second; 1,200 commits, 2 a second" in text
    assert "180 MiB in the first quarter, 200 MiB in the last" in text
    assert "PostgreSQL 1 times, 1.2 s at most" in text
    assert "refused: 3" in text


def test_a_path_says_its_content() -> None:
    assert content_of("a/1") == content_of("a/1") != content_of("a/2")
    assert {len(content_of(f"a/{number}")) for number in range(300)} == {200, 4000, 60000, 1500000}


def test_the_page_is_made_from_what_is_kept() -> None:
    assert (DOCS / "load.md").read_text() == page(load(DOCS / "load.json"))
