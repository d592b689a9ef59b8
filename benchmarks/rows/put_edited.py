"""The next version of a folder, of which little has changed."""

from __future__ import annotations

from benchmarks.bench import Bench, contest
from benchmarks.programs import Borg, Datavc, DatavcCopy, Dvc, Git, GitLfs, Oxen, Program, Restic
from benchmarks.row import Contest, Row, Side, Target
from benchmarks.work import Work


def _prepare_big(bench: Bench) -> Contest:
    return _prepare(bench, bench.big, (GitLfs, Dvc, Oxen, Restic, Borg))


def _prepare_small(bench: Bench) -> Contest:
    made = _prepare(bench, bench.small, (Git, GitLfs, Dvc, Oxen, Restic, Borg))
    made.beside.append(_side(bench, bench.small, DatavcCopy))
    return made


def _prepare(bench: Bench, work: Work, peers: tuple[type[Program], ...]) -> Contest:
    return contest(_side(bench, work, Datavc), peers, lambda kind: _side(bench, work, kind))


def _side(bench: Bench, work: Work, kind: type[Program]) -> Side:
    program = bench.committed(kind, work)
    return Side(kind.name, program.commit, program.change, stored=program.stored)


BIG = Row(
    "put-edited-big", "put + commit of the 2 GiB file with 1 KiB inserted in the middle", Target(1),
    5 * 1024**3, _prepare_big, data="big", grows_at_most=1024**2,
)  # fmt: skip
SMALL = Row(
    "put-edited-small", "put + commit of the same folder with 100 files changed", Target(3),
    3 * 1024**3 // 2, _prepare_small, data="small", grows_at_most=2 * 1024**2,
)  # fmt: skip
