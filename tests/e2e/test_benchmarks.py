"""The benchmarks, on little data: that they run, and what they report."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.bench import Bench, contest
from benchmarks.growth.figure import Figure
from benchmarks.growth.report import Curve
from benchmarks.growth.report import page as growth_page
from benchmarks.growth.works import WORKS
from benchmarks.measure import Role, Timing, measure
from benchmarks.programs import Git, Program
from benchmarks.report import page
from benchmarks.result import Result, load, save
from benchmarks.row import Contest, Missing, Row, Side, Target
from benchmarks.rows import ROWS
from benchmarks.work import FOLDERS

ROOT = Path(__file__).parents[2]
# What a row works on decides what it has to prepare.
GROUPS = sorted({row.data for row in ROWS})


def timing(name: str, role: Role, *runs: float, grown: tuple[int, ...] = ()) -> Timing:
    return Timing(name, role, runs, processor=(0.5,) * len(runs), grown=grown)


def result(*timings: Timing) -> Result:
    return Result("row", "2026-01-01", "a machine", "git 2", timings, ("a note",))


def row(target: Target, grows_at_most: int | None = None) -> Row:
    unused = Contest(Side("x", lambda: None))
    return Row("row", "some work", target, 0, lambda _: unused, grows_at_most=grows_at_most)


OURS = timing("datavc", Role.OURS, 1.0)
SLOW = timing("dvc", Role.PEER, 4.0)
FAST = timing("git", Role.PEER, 2.0)
LIMIT = timing("cp", Role.BESIDE, 0.5)


@pytest.mark.parametrize("data", GROUPS)
@pytest.mark.s3
@pytest.mark.postgres
def test_rows_run(tmp_path: Path, data: str) -> None:
    names = [each.name for each in ROWS if each.data == data]
    options = ["--runs", "1", "--scale", "0.003", "--folder", str(tmp_path / "bench")]
    page_before = (ROOT / "docs" / "benchmarks.md").read_bytes()
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", *names, *options],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    # 1 where a target is missed, which so little data says nothing about.
    assert ran.returncode in (0, 1), ran.stderr
    assert "Traceback" not in ran.stderr
    assert "not measured" not in ran.stdout, ran.stdout
    for name in names:
        assert f"│ {name}" in ran.stdout, f"{name} is not in the table"
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


def test_peers_are_named_or_how_to_get_them() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--peers"],
        cwd=ROOT, env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "apt-get install borgbackup" in ran.stdout
    assert "apt-get install git-lfs" not in ran.stdout, "git itself is asked for first"


def test_a_program_keeps_versions(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "bench", 0.002)
    git = bench.committed(Git, bench.small, versions=2)
    assert bench.committed(Git, bench.small) is git
    assert (git.versions, git.status(), git.diff()) == (2, 0, FOLDERS)
    git.change()
    assert git.status() == FOLDERS
    git.renew()
    git.commit()
    assert (git.versions, git.status()) == (1, 0)
    git.restore(tmp_path / "restored")
    git.check(tmp_path / "restored")
    (tmp_path / "restored" / "data" / "folder-007" / "file-0000.bin").write_bytes(b"other")
    with pytest.raises(AssertionError, match=r"file-0000\.bin differs"):
        git.check(tmp_path / "restored")
    bench.forget("small")
    assert not git.place.exists()


def test_peers_that_are_missing_are_noted() -> None:
    def side(kind: type[Program]) -> Side:
        raise Missing(f"{kind.name} is not installed")

    made = contest(Side("a", lambda: None), [Git], side)
    assert made.absent == ["git is not installed"]
    assert not made.peers


def test_sides_take_turns_and_are_reset() -> None:
    calls: list[str] = []

    def side(name: str) -> Side:
        return Side(
            name,
            lambda: calls.append(name),
            lambda: calls.append(f"reset {name}"),
            check=lambda: calls.append(f"check {name}"),
        )

    timings = measure(Contest(side("a"), [side("b")], [side("c")]), runs=2, memory=0, patience=10)
    assert [(each.name, each.role) for each in timings] == [
        ("a", Role.OURS), ("b", Role.PEER), ("c", Role.BESIDE),
    ]  # fmt: skip
    assert [len(each.runs) for each in timings] == [2, 2, 2]
    a, b, c = (["reset a", "a"], ["reset b", "b"], ["reset c", "c"])
    checks = ["check a", "check b", "check c"]
    assert calls == [*a, *b, *c, *c, *b, *a, *a, *b, *c, *checks]


def test_own_measure_wins() -> None:
    (timed,) = measure(Contest(Side("a", lambda: 42.0)), runs=3, memory=4096, patience=10)
    assert timed.median == 42.0


def test_slow_peers_run_once_unless_they_are_among_the_fastest() -> None:
    ours, *peers = (
        Side(str(seconds), lambda seconds=seconds: seconds) for seconds in (30.0, 12.0, 16.0, 14.0)
    )
    timings = measure(Contest(ours, peers), runs=3, memory=0, patience=10)
    assert [len(each.runs) for each in timings] == [3, 3, 1, 3]


def test_one_run_has_no_warm_up() -> None:
    counted = iter(range(9))
    (timed,) = measure(
        Contest(Side("a", lambda: float(next(counted)))), runs=1, memory=0, patience=10
    )
    assert timed.runs == (0.0,)


def test_growth_is_what_each_run_adds() -> None:
    stored = [100]

    def run() -> None:
        stored[0] += 7

    side = Side("a", run, lambda: stored.append(0), stored=lambda: stored[0])
    (timed,) = measure(Contest(side), runs=2, memory=0, patience=10)
    assert timed.grown == (7, 7)


def test_the_ratio_is_over_the_fastest_peer() -> None:
    assert result(OURS, SLOW, FAST, LIMIT).ratio() == 0.5
    assert result(OURS, LIMIT).ratio() is None


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target(0.5), True),
        (Target(0.4), False),
        (Target(2, over="cp"), True),
        (Target(1.9, over="cp"), False),
        (Target(0.25, of="cp"), True),
        (Target(1.0, seconds=True), True),
        (Target(0.9, seconds=True), False),
        (Target(1, over="tar"), None),
    ],
)
def test_targets(target: Target, met: bool | None) -> None:
    assert result(OURS, SLOW, FAST, LIMIT).is_met(row(target)) is met


def test_a_target_needs_something_to_compare_with() -> None:
    assert result(OURS).is_met(row(Target(1))) is None


def test_growth_has_a_limit() -> None:
    grown = result(timing("datavc", Role.OURS, 1.0, grown=(10, 30)), FAST)
    assert grown.is_met(row(Target(1), grows_at_most=30)) is True
    assert grown.is_met(row(Target(1), grows_at_most=29)) is False


def test_results_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    assert load(path) == {}
    kept = {"row": result(OURS, timing("git", Role.PEER, 1.5, 2.0, grown=(1, 2)))}
    save(path, kept)
    assert load(path) == kept


def test_page_shows_everyone() -> None:
    growing = timing("restic", Role.PEER, 5.0, 3.0, 4.0, grown=(2048, 1024, 1024))
    text = page([(row(Target(0.4)), result(OURS, SLOW, FAST, growing, LIMIT))])
    assert (
        "| some work | 1.00 s (once) | git | 2.00 s (once) | 0.50x "
        "| 0.4x best peer | 0.50x | missed |"
    ) in text
    assert (
        "| `row` | 1.00 s (once) | 4.00 s (once) | 2.00 s (once) | 4.00 s (3.00-5.00), +2 KiB |"
    ) in text
    assert "- `row`: cp: 0.50 s (once)" in text
    assert "- `row`: a note" in text
    assert "2026-01-01: a machine. git 2. Rows: `row`." in text


def test_the_page_is_made_from_what_is_kept() -> None:
    kept = load(ROOT / "docs" / "benchmarks.json")
    made = page([(each, kept[each.name]) for each in ROWS if each.name in kept])
    assert (ROOT / "docs" / "benchmarks.md").read_text() == made


def test_names_are_unique() -> None:
    assert len({each.name for each in ROWS}) == len(ROWS)
