"""Traces: one of them from the client's request to the datum, through all processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import datavc
from datavc.model.job import JobState
from tests.services.engine_process import EngineProcess
from tests.services.otlp_collector import Collector, SeenSpan, collecting
from tests.services.ports import free_ports
from tests.services.server_process import ServerProcess

TOKEN = "a-token-that-nobody-is-to-see"
SPEC = {
    "pipeline": {"name": "copies"},
    "input": {"pfs": {"repo": "data", "glob": "/*"}},
    "transform": {"cmd": ["sh", "-ec", "echo $TRACEPARENT > $DATAVC_PFS/out/$DATAVC_DATUM_ID"]},
}
BROKEN = {
    "pipeline": {"name": "broken"},
    "input": {"pfs": {"repo": "data", "glob": "/*"}},
    "transform": {"cmd": ["sh", "-c", "exit 7"]},
    "datum_tries": 2,
}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "datavc_cli", *arguments],
        env={**os.environ, "DATAVC_EXECUTOR": "process", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def only(spans: list[SeenSpan]) -> SeenSpan:
    (found,) = spans
    return found


def test_one_trace_from_the_request_to_the_datum(tmp_path: Path, collector: Collector) -> None:
    home, source = tmp_path / "home", tmp_path / "file"
    source.write_text("hello")
    otel = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    server = ServerProcess(home, DATAVC_TOKEN=TOKEN, **otel)
    engine = EngineProcess(home, **otel)
    try:
        url = server.start("--no-engine", "--log-format", "json")
        with datavc.connect(url, token=TOKEN) as client:
            client.create_repo("data")
            client.create_pipeline(SPEC)
        put = command(
            "put", str(source), "data", "-m", "first", "--no-run",
            DATAVC_URL=url, DATAVC_TOKEN=TOKEN, **otel,
        )  # fmt: skip
        assert (put.returncode, put.stderr) == (0, "")
        # The engine comes when the client has gone.
        engine.start("--log-format", "json")
        with datavc.connect(url, token=TOKEN) as client:
            (job,) = client.wait("data", timeout=60)
            head = client.resolve("data@main")
            output = client.resolve("copies@main")
            (entry,) = client.ls("copies")
            told = client.read(f"copies:/{entry.path}").decode().strip()
        _, engine_log = engine.stop(signal.SIGTERM)
        _, server_log = server.stop(signal.SIGTERM)
    finally:
        engine.close()
        server.close()

    assert job.state is JobState.SUCCESS
    root = only(collector.named("datavc put"))
    assert (root.service, root.parent) == ("datavc", "")

    commits = [span for span in collector.named("commit") if span.trace == root.trace]
    first, second = commits
    assert first.service == "datavc-server"
    assert first.attributes["datavc.repo"] == "data"
    assert first.attributes["datavc.branch"] == "main"
    assert first.attributes["datavc.commit"] == head.id
    assert first.attributes["datavc.run"] == head.run_id

    request = only([span for span in collector.spans if span.id == first.parent])
    assert (request.service, request.kind) == ("datavc-server", "server")
    assert request.name == f"POST {request.attributes['http.route']}"
    assert request.attributes["http.response.status_code"] == 201
    asked = only([span for span in collector.spans if span.id == request.parent])
    assert (asked.service, asked.kind, asked.name) == ("datavc", "client", "POST")
    assert asked.parent == root.id

    done = only(collector.named("job"))
    assert (done.service, done.parent, done.trace) == ("datavc-engine", first.id, root.trace)
    assert done.attributes["datavc.pipeline"] == "copies"
    assert done.attributes["datavc.pipeline.version"] == 1
    assert (done.attributes["datavc.job"], done.attributes["datavc.run"]) == (job.id, head.run_id)
    assert done.attributes["datavc.datums.total"] == 1
    assert done.attributes["datavc.datums.processed"] == 1
    assert not done.is_error
    assert (second.service, second.parent) == ("datavc-engine", done.id)
    assert second.attributes["datavc.commit"] == output.id

    datum = only(collector.named("datum"))
    assert (datum.parent, datum.trace) == (done.id, root.trace)
    assert datum.attributes["datavc.datum.inputs"] == ["data:/file"]
    assert datum.attributes["process.exit.code"] == 0
    parts = collector.below(datum)
    assert [part.name for part in parts] == ["download", "transform", "upload"]
    for part in parts:
        assert datum.start_ns <= part.start_ns <= part.end_ns <= datum.end_ns

    # The transform can go on with it, and the logs lead to it.
    assert told.split("-")[1:3] == [root.trace, done.id]
    lines = [json.loads(line) for line in (server_log + engine_log).splitlines()]
    committed = only([line for line in lines if line.get("commit") == head.id])
    assert committed["trace_id"] == root.trace
    assert {line["trace_id"] for line in lines if line.get("job") == job.id} == {root.trace}

    assert TOKEN.encode() not in b"".join(collector.bodies)


def test_a_failed_datum_and_its_tries(tmp_path: Path, collector: Collector) -> None:
    home = tmp_path / "home"
    source = tmp_path / "file"
    source.write_text("hello")
    with datavc.connect(home=home) as client:
        client.create_repo("data")
        client.create_pipeline(BROKEN)
    put = command(
        "put", str(source), "data", "-m", "first",
        DATAVC_HOME=str(home),
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_SERVICE_NAME="nightly",
        TRACEPARENT="00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
        DATAVC_TRACE_DATUMS="0",
    )  # fmt: skip
    assert put.returncode == 1
    datum = only(collector.named("datum"))
    assert datum.is_error
    assert "7" in datum.message
    assert [part.name for part in collector.below(datum)] == ["download", "transform"] * 2
    job = only(collector.named("job"))
    assert job.is_error
    assert job.attributes["datavc.datums.failed"] == 1
    assert job.id == datum.parent
    root = only(collector.named("datavc put"))
    assert (root.service, root.parent) == ("nightly", "0123456789abcdef")
    assert {span.trace for span in collector.spans} == {"0123456789abcdef0123456789abcdef"}


def test_a_collector_that_is_down_disturbs_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    source = tmp_path / "file"
    source.write_text("hello")
    (port,) = free_ports(1)
    with datavc.connect(home=home) as client:
        client.create_repo("data")
        client.create_pipeline(SPEC)
    put = command(
        "put", str(source), "data", "-m", "first",
        DATAVC_HOME=str(home), OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
    )  # fmt: skip
    assert put.returncode == 0
    assert "success" in put.stdout
    assert "Traceback" not in put.stderr
    assert "127.0.0.1" not in put.stderr


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        ("datavc_cli.main, datavc.client.http, datavc.engine.engine", "opentelemetry"),
        # Their interface comes with FastAPI.
        ("datavc_server.serving", "opentelemetry.sdk"),
    ],
)
def test_what_is_not_asked_for_is_not_imported(tmp_path: Path, modules: str, heavy: str) -> None:
    script = f"""
import sys, {modules}
from datavc_cli.main import run
assert run(["repo", "create", "data"]) == 0
print([name for name in sys.modules if name.startswith("{heavy}")])
"""
    found = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "DATAVC_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.splitlines()[-1] == "[]"


def test_a_program_with_traces_of_its_own_has_these_in_them(tmp_path: Path) -> None:
    script = """
import sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import datavc
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
with datavc.connect(home=sys.argv[1]) as client:
    client.create_repo("data")
    with trace.get_tracer("mine").start_as_current_span("mine"):
        client.put([sys.argv[2]], "data", message="first")
found = exporter.get_finished_spans()
print(sorted(span.name for span in found), len({span.context.trace_id for span in found}))
"""
    source = tmp_path / "file"
    source.write_text("hello")
    found = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "home"), str(source)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "['commit', 'mine'] 1\n"
