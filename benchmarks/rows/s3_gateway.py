"""rclone through the S3 gateway, and rclone straight to the server where the gateway stores."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

import datavc
from benchmarks.bench import Bench
from benchmarks.load.process_watch import processor_time
from benchmarks.measure import Timing
from benchmarks.process import remove
from benchmarks.programs import Rclone
from benchmarks.programs.rclone import S3Remote
from benchmarks.row import Contest, Missing, Row, Side, Target
from benchmarks.s3 import Buckets
from benchmarks.same import check_same
from benchmarks.work import Work
from tests.services.postgres import PostgresServer, running_postgres
from tests.services.server_process import ServerProcess

_BESIDE = "rclone"


class _Gateway:
    """A server with a gateway, whose store is in a bucket; a new one, with another, each time."""

    def __init__(self, bench: Bench, buckets: Buckets) -> None:
        self._bench = bench
        self._buckets = buckets
        self._bucket: str | None = None
        try:
            self._postgres: PostgresServer = bench.cleanup.enter_context(
                running_postgres(durable=True)
            )
        except (pytest.skip.Exception, pytest.fail.Exception) as error:
            raise Missing(str(error)) from None
        self._server = contextlib.ExitStack()
        bench.cleanup.callback(self._server.close)
        self._remote: S3Remote | None = None
        self._process: ServerProcess | None = None

    def renew(self) -> None:
        """Start with an empty repo, in an empty store."""
        self._server.close()
        self._bucket = self._buckets.new(self._bucket)
        process = ServerProcess(
            self._bench.space("gateway"),
            DATAVC_DATABASE=self._server.enter_context(self._postgres.database()),
            DATAVC_STORE=f"s3://{self._bucket}/store",
            **self._buckets.server.environment,
        )
        self._server.callback(process.close)
        url = process.start("--no-engine", "--s3", "127.0.0.1:0")
        with datavc.connect(url, author="bench") as client:
            client.create_repo("data")
            key = client.create_s3_key("bench")
        self._remote = S3Remote(process.s3_url, key.id, key.secret, "Other")
        self._process = process

    def upload(self, folder: Path) -> None:
        assert self._remote is not None
        self._remote.upload(folder, "data/main")

    def download(self, folder: Path) -> None:
        assert self._remote is not None
        self._remote.download("data/main", folder)

    def used(self) -> float:
        """Seconds of processor time of the gateway, since it was started."""
        assert self._process is not None
        return processor_time(self._process.pid)


def _prepare_put(bench: Bench, work: Work) -> Contest:
    buckets = Buckets(bench.cleanup)
    gateway, rclone, folder = _Gateway(bench, buckets), Rclone(buckets), bench.space("source")
    work.fill(folder)
    used: list[float] = []

    def put() -> None:
        before = gateway.used()
        gateway.upload(folder)
        used.append(gateway.used() - before)

    return Contest(
        Side("datavc", put, gateway.renew, check=lambda: _check(bench, gateway, folder)),
        [Side(_BESIDE, lambda: rclone.copy(folder), rclone.renew)],
        facts=lambda timings: _facts(timings, used),
    )


def _check(bench: Bench, gateway: _Gateway, folder: Path) -> None:
    target = bench.space("stored")
    gateway.download(target)
    check_same(folder, target)
    remove(target)


def _prepare_get(bench: Bench, work: Work) -> Contest:
    buckets = Buckets(bench.cleanup)
    gateway, rclone, folder = _Gateway(bench, buckets), Rclone(buckets), bench.space("source")
    work.fill(folder)
    gateway.renew()
    gateway.upload(folder)
    rclone.renew()
    rclone.copy(folder)
    ours, theirs = bench.space("ours"), bench.space("theirs")
    used: list[float] = []

    def get() -> None:
        before = gateway.used()
        gateway.download(ours)
        used.append(gateway.used() - before)

    def check() -> None:
        check_same(folder, ours)
        remove(ours)

    return Contest(
        Side("datavc", get, lambda: remove(ours), check=check),
        [
            Side(
                _BESIDE, lambda: rclone.fetch(theirs), lambda: remove(theirs),
                check=lambda: remove(theirs),
            )
        ],
        facts=lambda timings: _facts(timings, used),
    )  # fmt: skip


def _facts(timings: list[Timing], used: list[float]) -> list[str]:
    rate = timings[1].median / timings[0].median
    seconds = sorted(used)[len(used) // 2]
    return [
        f"{rate:.2f} times rclone's own rate (target 0.8); {seconds:.1f} s of the gateway's "
        "processor time"
    ]


_TARGET = Target(1 / 0.8)
_MEMORY = 5 * 1024**3
PUT_BIG = Row(
    "s3-gateway-put-big", "rclone copy of the 2 GiB file to the S3 gateway, whose store is in S3",
    _TARGET, _MEMORY, lambda bench: _prepare_put(bench, bench.big), data="big",
)  # fmt: skip
GET_BIG = Row(
    "s3-gateway-get-big", "rclone copy of it from there",
    _TARGET, _MEMORY, lambda bench: _prepare_get(bench, bench.big), data="big",
)  # fmt: skip
PUT_MANY = Row(
    "s3-gateway-put-many", "rclone copy of 512 files of 4 MiB to the S3 gateway",
    _TARGET, _MEMORY, lambda bench: _prepare_put(bench, bench.middling), data="middling",
)  # fmt: skip
GET_MANY = Row(
    "s3-gateway-get-many", "rclone copy of them from there",
    _TARGET, _MEMORY, lambda bench: _prepare_get(bench, bench.middling), data="middling",
)  # fmt: skip
