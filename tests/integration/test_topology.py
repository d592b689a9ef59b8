"""What many run: PostgreSQL, S3, two servers and two engines; a server and an engine are killed."""

from __future__ import annotations

import contextlib
import io
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest

import datavc
from datavc.db import jobs
from datavc.db.session import Database
from datavc.engine.process_identity import identify_process, process_of
from datavc.errors import Unavailable
from datavc.model.job import JobState
from tests.services.engine_process import EngineProcess
from tests.services.s3 import S3Server
from tests.services.server_process import ServerProcess

pytestmark = [pytest.mark.s3, pytest.mark.postgres]

TOKEN = "0123456789abcdef" * 2
FILES = {f"f{number:02}": b"%d" % number for number in range(24)}
NOISE = random.Random(9).randbytes(12 * 1024 * 1024)
#: Datums of a job at once; those that run when their engine is killed run again ...
AT_ONCE = 2
#: ... and so do those whose results were about to be kept.
JUST_DONE = 10
PATIENCE = 60.0

Found = TypeVar("Found")


@dataclass(frozen=True)
class Topology:
    """All processes, which share nothing but the database, the store and a file with the token."""

    database: str
    servers: list[ServerProcess]
    engines: list[EngineProcess]
    urls: list[str]

    def working_engine(self) -> EngineProcess:
        """The engine that holds the job which runs."""
        with contextlib.closing(Database.open(self.database)) as database:
            holder = wait_for(lambda: self._holder(database))
        place = identify_process().rsplit(":", 2)[0]
        (engine,) = (each for each in self.engines if holder.startswith(f"{place}:{each.pid}:"))
        return engine

    @staticmethod
    def _holder(database: Database) -> str:
        with database.read() as conn:
            running = jobs.list_jobs(conn, states=(JobState.RUNNING,), limit=1)
        return process_of(running[0].owner) if running and running[0].owner else ""


def wait_for(look: Callable[[], Found]) -> Found:
    """What *look* finds, once it finds something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.fixture
def topology(
    tmp_path: Path, s3_server: S3Server, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Topology]:
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DATAVC_TOKEN", TOKEN)
    monkeypatch.setattr("datavc.client.http_session.ATTEMPTS", 2)
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    place = {
        "DATAVC_DATABASE": postgres_url,
        "DATAVC_STORE": f"s3://topology-{uuid4().hex}/datavc",
        "DATAVC_TOKEN": "",
    }
    servers = [ServerProcess(tmp_path / f"server-{number}", **place) for number in range(2)]
    engines = [EngineProcess(tmp_path / f"engine-{number}", **place) for number in range(2)]
    with contextlib.ExitStack() as stack, ThreadPoolExecutor() as threads:
        for process in (*servers, *engines):
            stack.callback(process.close)
        # All at once, on a database without tables and a store without a bucket.
        urls = [
            threads.submit(server.start, "--no-engine", "--token-file", str(token))
            for server in servers
        ]
        for working in [threads.submit(engine.start) for engine in engines]:
            working.result()
        yield Topology(postgres_url, servers, engines, [url.result() for url in urls])


class Killing(io.BytesIO):
    """A file in the middle of which a server is killed."""

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(NOISE)
        self._server = server

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > len(NOISE) // 2 and self._server.is_running:
            self._server.stop(signal.SIGKILL)
        return super().read(size)


def test_all_lands_once_whoever_is_killed(topology: Topology, tmp_path: Path) -> None:
    calls, source = tmp_path / "calls", tmp_path / "source"
    calls.mkdir()
    source.mkdir()
    for name, content in FILES.items():
        (source / name).write_bytes(content)
    first, second = topology.urls
    with datavc.connect(first) as client:
        client.create_repo("raw")
        client.create_pipeline(pipeline("copy", "raw", calls))
        client.create_pipeline(pipeline("again", "copy", calls))
        client.put(f"{source}/", "raw", recursive=True, message="first")
        wait_for(lambda: len(list(calls.iterdir())) > 5)
        topology.working_engine().stop(signal.SIGKILL)
        with pytest.raises(Unavailable):
            client.put(Killing(topology.servers[0]), "raw:/big", message="lost")
    with datavc.connect(second) as client:
        done = client.wait("raw", timeout=PATIENCE)
        assert [(job.pipeline, job.state, job.datums_total) for job in done] == [
            ("copy", "success", len(FILES)),
            ("again", "success", len(FILES)),
        ]
        for repo in ("raw", "copy", "again"):
            assert len(list(client.log(repo))) == 1
            assert {
                info.path: client.read(f"{repo}:/{info.path}") for info in client.ls(repo)
            } == FILES
        # Only what ran while the engine was killed ran twice.
        ran = Counter(path.name.rpartition(".")[0] for path in calls.iterdir())
        assert set(ran) == {f"{name}-{file}" for name in ("copy", "again") for file in FILES}
        assert ran.total() <= 2 * len(FILES) + AT_ONCE + JUST_DONE

        client.put(NOISE, "raw:/big", message="second")
        copy, again = client.wait("raw", timeout=PATIENCE)
        assert (copy.datums_processed, copy.datums_skipped) == (1, len(FILES))
        assert again.datums_processed == 1
        assert client.read("again:/big") == NOISE
        assert [commit.message for commit in client.log("raw")] == ["second", "first"]
        assert client.fsck(deep=True).is_sound


def pipeline(name: str, source: str, calls: Path) -> dict[str, object]:
    """Copies each file, and leaves a note of each time that it does."""
    script = f': >"{calls}/{name}-${{in##*/}}.$$"; sleep 0.1; cp "$in" "$DATAVC_PFS/out/"'
    return {
        "pipeline": {"name": name},
        "input": {"pfs": {"name": "in", "repo": source, "glob": "/*"}},
        "parallelism_spec": {"constant": AT_ONCE},
        "transform": {"cmd": ["sh", "-euc", script]},
    }
