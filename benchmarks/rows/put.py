"""The first version of a folder."""

from __future__ import annotations

from benchmarks.bench import Bench, contest
from benchmarks.process import remove, run
from benchmarks.programs import Borg, Datavc, DatavcCopy, Dvc, Git, GitLfs, Oxen, Program, Restic
from benchmarks.row import Contest, Row, Side, Target
from benchmarks.work import Work

_DD = "dd + fsync"


def _prepare_big(bench: Bench) -> Contest:
    made = _prepare(bench, bench.big, (GitLfs, Dvc, Oxen, Restic, Borg))
    big, copy = bench.big.source(), bench.space("copy.bin")
    command = ["dd", f"if={big}", f"of={copy}", "bs=4M", "conv=fsync"]
    made.beside.append(Side(_DD, lambda: run(command), lambda: remove(copy)))
    bench.cleanup.callback(remove, copy)
    return made


def _prepare_small(bench: Bench) -> Contest:
    made = _prepare(bench, bench.small, (Git, GitLfs, Dvc, Oxen, Restic, Borg))
    made.beside.append(_side(bench, bench.small, DatavcCopy))
    return made


def _prepare(bench: Bench, work: Work, peers: tuple[type[Program], ...]) -> Contest:
    return contest(_side(bench, work, Datavc), peers, lambda kind: _side(bench, work, kind))


def _side(bench: Bench, work: Work, kind: type[Program]) -> Side:
    program = bench.program(kind, work)
    return Side(kind.name, program.commit, program.renew)


BIG = Row(
    "put-big", "put + commit of one 2 GiB incompressible file, durable", Target(1.5, over=_DD),
    5 * 1024**3, _prepare_big, data="big",
)  # fmt: skip
SMALL = Row(
    "put-small", "put + commit of 100,000 files of 4 KiB in 100 folders", Target(0.8),
    3 * 1024**3 // 2, _prepare_small, data="small",
)  # fmt: skip
