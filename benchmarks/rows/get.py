"""The last version, written to an empty folder."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bench import Bench, contest
from benchmarks.process import remove, run
from benchmarks.programs import Borg, Datavc, Dvc, Git, GitLfs, Oxen, Program, Restic
from benchmarks.row import Contest, Row, Side, Target
from benchmarks.work import Work


def _prepare_big(bench: Bench) -> Contest:
    made = _prepare(bench, bench.big, (GitLfs, Dvc, Oxen, Restic, Borg))
    copy = bench.space("copy.bin")
    command: list[str | Path] = ["cp", bench.big.source(), copy]
    made.beside.append(Side("cp", lambda: run(command), lambda: remove(copy)))
    bench.cleanup.callback(remove, copy)
    return made


def _prepare_small(bench: Bench) -> Contest:
    return _prepare(bench, bench.small, (Git, GitLfs, Dvc, Oxen, Restic, Borg))


def _prepare(bench: Bench, work: Work, peers: tuple[type[Program], ...]) -> Contest:
    made = contest(_side(bench, work, Datavc), peers, lambda kind: _side(bench, work, kind))
    made.facts = lambda _: ["equal byte for byte, from every program"]
    return made


def _side(bench: Bench, work: Work, kind: type[Program]) -> Side:
    program = bench.committed(kind, work)
    targets = [bench.space(f"restored-{kind.__name__}")]

    def reset() -> None:
        if not work.many:
            # Many stay until the end: removing them makes some file systems slow for minutes.
            remove(targets[-1])
            _read(program.store)
        targets.append(bench.space(f"restored-{kind.__name__}"))
        program.prepare_restore(targets[-1])

    def check() -> None:
        program.check(targets[-1])
        if not work.many:
            remove(targets[-1])

    return Side(kind.name, lambda: program.restore(targets[-1]), reset, check=check)


def _read(folder: Path) -> None:
    """Have the system keep what *folder* holds in memory."""
    block = bytearray(1 << 23)
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while file.readinto(block):
                    pass


BIG = Row(
    "get-big", "get of the 2 GiB file", Target(2, over="cp"), 5 * 1024**3, _prepare_big, data="big"
)
SMALL = Row(
    "get-small", "get of the 100,000 files into an empty folder", Target(0.8),
    3 * 1024**3 // 2, _prepare_small, data="small",
)  # fmt: skip
