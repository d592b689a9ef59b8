"""A folder into a real S3 server."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.programs import DatavcOnS3, Dvc, Rclone, ResticOnS3
from benchmarks.row import Contest, Missing, Row, Side, Target
from benchmarks.s3 import Buckets
from benchmarks.work import Work


def _prepare_big(bench: Bench) -> Contest:
    # The disk need not hold what the rows before have left as well.
    bench.forget(bench.big.name)
    return _prepare(bench, bench.big)


def _prepare_small(bench: Bench) -> Contest:
    return _prepare(bench, bench.small)


def _prepare(bench: Bench, work: Work) -> Contest:
    buckets = Buckets(bench.cleanup)
    datavc = DatavcOnS3(bench.space("datavc"), work, buckets)
    made = Contest(Side(datavc.name, datavc.commit, datavc.renew))
    for side in (_restic, _rclone, _dvc):
        try:
            made.peers.append(side(bench, work, buckets))
        except Missing as error:
            made.absent.append(str(error))
    return made


def _restic(bench: Bench, work: Work, buckets: Buckets) -> Side:
    restic = ResticOnS3(bench.space("restic"), work, buckets)
    return Side(restic.name, restic.commit, restic.renew)


def _rclone(bench: Bench, work: Work, buckets: Buckets) -> Side:
    rclone, folder = Rclone(buckets), bench.space("rclone")
    work.fill(folder)
    return Side(rclone.name, lambda: rclone.copy(folder), rclone.renew)


def _dvc(bench: Bench, work: Work, buckets: Buckets) -> Side:
    dvc = bench.committed(Dvc, work)
    return Side("dvc", dvc.push, lambda: dvc.renew_remote(buckets))


SMALL = Row(
    "s3-small", "put of the 100,000 files to the same", Target(0.8),
    3 * 1024**3 // 2, _prepare_small, data="small",
)  # fmt: skip
BIG = Row(
    "s3-big", "put of the 2 GiB file to a real S3 server", Target(1.1),
    5 * 1024**3, _prepare_big, data="big",
)  # fmt: skip
