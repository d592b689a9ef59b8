"""OpenLineage: what is told of jobs, where to, and that nothing of it is lost."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

import datavc
from datavc.client.client import Client
from datavc.db import lineage_events
from datavc.db.tables import LineageEvent
from datavc.engine.pipelines import create_pipeline
from datavc.engine.scheduler import Scheduler
from datavc.integrations.openlineage.delivery import LineageSender, Pauses
from datavc.integrations.openlineage.settings import from_environment
from datavc.model.job import JobInfo, JobState
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from tests.services.engine_process import EngineProcess
from tests.services.openlineage_schema import check_event
from tests.services.server_process import ServerProcess
from tests.services.webhook_receiver import Receiver, receiving

QUICK = Pauses(first_s=0.0, longest_s=0.0)
KEY = "a-key-that-nobody-is-to-see"

Event = dict[str, Any]


def spec(name: str, source: str, script: str) -> dict[str, object]:
    return {
        "pipeline": {"name": name},
        "input": {"pfs": {"name": "in", "repo": source, "glob": "/"}},
        "transform": {
            "image": "python:3.13",
            "cmd": ["sh", "-e"],
            "stdin": [script],
            "env": {"PASSWORD": KEY},
        },
    }


COPY = "cp $DATAVC_PFS/in/* $DATAVC_PFS/out"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Takes events; the environment says so."""
    with receiving() as found:
        base, _, endpoint = found.url.rpartition("/")
        monkeypatch.setenv("DATAVC_EXECUTOR", "process")
        monkeypatch.setenv("OPENLINEAGE_URL", base)
        monkeypatch.setenv("OPENLINEAGE_ENDPOINT", endpoint)
        monkeypatch.setenv("OPENLINEAGE_API_KEY", KEY)
        monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "tests")
        yield found


def put(client: Client, tmp_path: Path, text: str) -> list[JobInfo]:
    """Commit, and run what follows; the jobs, the first one first."""
    source = tmp_path / "file"
    source.write_text(text)
    client.put([source], "data:/file", message=text, run=False)
    return client.wait("data")


def events(receiver: Receiver) -> list[Event]:
    return [json.loads(body) for _, body in receiver.messages]


def of_job(told: list[Event], job: JobInfo) -> list[Event]:
    """The events of one job, in the order in which they arrived."""
    return [event for event in told if event["run"]["runId"] == str(UUID(hex=job.id))]


def waiting(vs: VersionedStore) -> int:
    with vs.db.read() as conn:
        return conn.scalar(select(func.count()).select_from(LineageEvent)) or 0


def test_what_a_job_reads_runs_and_makes(tmp_path: Path, receiver: Receiver) -> None:
    with datavc.connect(home=tmp_path / "home") as client:
        client.create_repo("data")
        client.create_pipeline(spec("copies", "data", COPY))
        client.create_pipeline(spec("again", "copies", COPY))
        jobs = put(client, tmp_path, "first")
        data, made = client.resolve("data@main"), client.resolve("copies@main")
    assert [job.state for job in jobs] == [JobState.SUCCESS] * 2
    told = events(receiver)
    assert [event["eventType"] for event in told] == ["START", "COMPLETE"] * 2
    facets = set().union(*(check_event(event) for event in told))
    assert facets == {
        "DatasetVersionDatasetFacet",
        "JobTypeJobFacet",
        "NominalTimeRunFacet",
        "OutputStatisticsOutputDatasetFacet",
        "ParentRunFacet",
        "ProcessingEngineRunFacet",
        "SourceCodeJobFacet",
        "SourceCodeLocationJobFacet",
    }
    start, complete = of_job(told, jobs[0])
    for event in (start, complete):
        assert event["job"]["namespace"] == "tests"
        assert event["job"]["name"] == "copies"
        assert event["job"]["facets"]["sourceCode"]["sourceCode"] == f"sh -e\n{COPY}"
        assert event["job"]["facets"]["sourceCodeLocation"]["url"] == "docker://python:3.13"
        run = event["run"]["facets"]
        assert run["parent"]["run"]["runId"] == str(UUID(hex=data.run_id))
        (source,) = event["inputs"]
        assert (source["namespace"], source["name"]) == ("tests", "data")
        assert source["facets"]["version"]["datasetVersion"] == data.id
        moments = [run["nominalTime"]["nominalStartTime"], event["eventTime"]]
        assert moments == sorted(moments, key=datetime.fromisoformat)
    (nothing,), (output,) = start["outputs"], complete["outputs"]
    assert nothing == {"namespace": "tests", "name": "copies", "facets": {}}
    assert output["facets"]["version"]["datasetVersion"] == made.id
    assert output["outputFacets"]["outputStatistics"]["fileCount"] == 1
    assert output["outputFacets"]["outputStatistics"]["size"] == len("first")
    # What an upstream job of the run made is known when the one below it begins.
    below, _ = of_job(told, jobs[1])
    assert below["inputs"][0]["facets"]["version"]["datasetVersion"] == made.id
    for headers, body in receiver.messages:
        assert headers["authorization"] == f"Bearer {KEY}"
        assert KEY.encode() not in body


def test_failures_and_what_they_make_impossible(tmp_path: Path, receiver: Receiver) -> None:
    with datavc.connect(home=tmp_path / "home") as client:
        client.create_repo("data")
        client.create_pipeline(spec("broken", "data", "exit 7"))
        client.create_pipeline(spec("again", "broken", COPY))
        failed, never = put(client, tmp_path, "first")
    assert (failed.state, never.state) == (JobState.FAILURE, JobState.UNRUNNABLE)
    told = events(receiver)
    assert "ErrorMessageRunFacet" in set().union(*(check_event(event) for event in told))
    assert [event["eventType"] for event in of_job(told, failed)] == ["START", "FAIL"]
    (aborted,) = of_job(told, never)
    assert aborted["eventType"] == "ABORT"
    assert "7" in of_job(told, failed)[1]["run"]["facets"]["errorMessage"]["message"]
    assert failed.id in aborted["run"]["facets"]["errorMessage"]["message"]


def test_a_job_that_was_stopped(tmp_path: Path, receiver: Receiver) -> None:
    with datavc.connect(home=tmp_path / "home") as client:
        client.create_repo("data")
        client.create_pipeline(spec("copies", "data", COPY))
        source = tmp_path / "file"
        source.write_text("first")
        client.put([source], "data:/file", message="first", run=False)
        with open_versioned_store(tmp_path / "home") as vs:
            Scheduler(vs, "somebody", 60.0).prepare()
        (job,) = client.list_jobs()
        client.stop_job(job.id)
    (event,) = events(receiver)
    check_event(event)
    assert event["eventType"] == "ABORT"
    assert event["inputs"][0]["name"] == "data"


def test_what_is_not_taken_is_told_later_and_in_order(
    tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [503]
    with datavc.connect(home=tmp_path / "home") as client:
        client.create_repo("data")
        client.create_pipeline(spec("copies", "data", COPY))
        jobs = put(client, tmp_path, "first")
    assert jobs[0].state is JobState.SUCCESS
    assert len(receiver.messages) == 1
    assert KEY not in caplog.text
    with open_versioned_store(tmp_path / "home") as vs:
        assert waiting(vs) == 2
        # The pause is not over, and those behind the first one wait for it.
        sender = LineageSender(vs, from_environment(), QUICK)
        assert sender.send_due() == 0
        with vs.db.write() as conn:
            ids = list(conn.scalars(select(LineageEvent.c.id)))
            lineage_events.give_back(conn, ids, pause_s=0)
        receiver.answers = [500, 404]
        while waiting(vs):
            sender.send_due()
        sender.close()
    told = events(receiver)
    assert [event["eventType"] for event in told] == ["START"] * 4 + ["COMPLETE"]


def test_an_event_that_is_refused_holds_up_no_other(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [422]
    with datavc.connect(home=tmp_path / "home") as client:
        client.create_repo("data")
        client.create_pipeline(spec("copies", "data", COPY))
        put(client, tmp_path, "first")
    assert [event["eventType"] for event in events(receiver)] == ["START", "COMPLETE"]
    with open_versioned_store(tmp_path / "home") as vs:
        assert waiting(vs) == 0


def test_a_job_that_is_taken_over_begins_once(tmp_path: Path, receiver: Receiver) -> None:
    home = tmp_path / "home"
    with open_versioned_store(home) as vs, datavc.connect(home=home) as client:
        client.create_repo("data")
        source = tmp_path / "file"
        source.write_text("first")
        client.put([source], "data:/file", message="first")
        create_pipeline(vs, spec("copies", "data", COPY), "tester")
        for engine in ("one", "two"):
            assert Scheduler(vs, engine, 0.0).claim() is not None
            time.sleep(0.001)
        assert waiting(vs) == 1
        assert client.list_jobs()[0].state is JobState.RUNNING


def test_a_file_takes_them_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "lineage.jsonl"
    monkeypatch.setenv("DATAVC_EXECUTOR", "process")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(log))
    for text in ("first", "second"):
        with datavc.connect(home=tmp_path / "home") as client:
            if text == "first":
                client.create_repo("data")
                client.create_pipeline(spec("copies", "data", COPY))
            put(client, tmp_path, text)
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert [event["eventType"] for event in told] == ["START", "COMPLETE"] * 2
    for event in told:
        check_event(event)
        # Without a namespace of its own, it is the place.
        assert event["job"]["namespace"].startswith("datavc://")
        assert event["job"]["namespace"].endswith(str(tmp_path / "home"))


@pytest.mark.parametrize("disabled", [False, True])
def test_nothing_is_kept_where_nobody_asks(
    disabled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAVC_EXECUTOR", "process")
    if disabled:
        monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    with datavc.connect(home=tmp_path / "home") as client:
        client.create_repo("data")
        client.create_pipeline(spec("copies", "data", COPY))
        put(client, tmp_path, "first")
    with open_versioned_store(tmp_path / "home") as vs:
        assert waiting(vs) == 0


@pytest.mark.postgres
def test_a_server_and_an_engine_tell_of_all_jobs(
    tmp_path: Path, receiver: Receiver, postgres_url: str
) -> None:
    server = ServerProcess(tmp_path / "server", DATAVC_DATABASE=postgres_url,
                           DATAVC_STORE=str(tmp_path / "store"))  # fmt: skip
    engine = EngineProcess(tmp_path / "engine", DATAVC_DATABASE=postgres_url,
                           DATAVC_STORE=str(tmp_path / "store"))  # fmt: skip
    try:
        url = server.start("--no-engine")
        engine.start()
        with datavc.connect(url) as client:
            client.create_repo("data")
            client.create_pipeline(spec("copies", "data", COPY))
            jobs = put(client, tmp_path, "first")
        deadline = time.monotonic() + 60
        while len(receiver.messages) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert engine.stop(signal.SIGTERM)[0] == 0
        assert server.stop(signal.SIGTERM)[0] == 0
    finally:
        engine.close()
        server.close()
    told = events(receiver)
    assert [event["eventType"] for event in of_job(told, jobs[0])] == ["START", "COMPLETE"]
    assert len(told) == 2
