"""Which datums of a job have spans."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from datavc.engine.datum_run import DatumRun
from datavc.engine.datum_spans import DatumSpans
from datavc.engine.settings import EngineSettings
from datavc.engine.stopwatch import Lap
from datavc.errors import InvalidInput
from datavc.model.datum import Datum
from datavc.model.job import DatumState
from datavc.tracing import spans
from datavc.tracing.spans import Attributes, FinishedSpan, Kind, Span

PARENT = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


class Recorder:
    """A tracer that keeps what it is told."""

    def __init__(self) -> None:
        self.found: list[FinishedSpan] = []

    def span(
        self, name: str, attributes: Attributes, kind: Kind, parent: str | None
    ) -> contextlib.AbstractContextManager[Span]:
        raise AssertionError(name)

    def continued(self, parent: str) -> contextlib.AbstractContextManager[None]:
        raise AssertionError(parent)

    def current(self) -> Span:
        raise AssertionError

    def record(self, finished: FinishedSpan, parent: str) -> None:
        assert parent == PARENT
        self.found.append(finished)

    def traceparent(self) -> str | None:
        return PARENT


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    found = Recorder()
    spans.install(found)
    try:
        yield found
    finally:
        spans.install(None)


def run(number: int, state: DatumState = DatumState.SUCCESS) -> DatumRun:
    datum = Datum(number.to_bytes(32, "big"), ())
    laps = (Lap("transform", 20, 30), Lap("download", 10, 20))
    return DatumRun(datum, state, [], 0.0, 0, "exited with 1", b"", laps=laps)


def test_the_first_ones_and_all_that_failed(recorder: Recorder) -> None:
    told = DatumSpans(10)
    for number in range(1000):
        told.add(run(number, DatumState.FAILED if number % 100 == 99 else DatumState.SUCCESS))
    failed = [span for span in recorder.found if span.error]
    assert len(failed) == 10
    assert len(recorder.found) == 20
    assert told.left_out == 980


def test_a_span_is_as_long_as_its_parts(recorder: Recorder) -> None:
    DatumSpans(1).add(run(7))
    (span,) = recorder.found
    assert (span.name, span.start_us, span.end_us, span.error) == ("datum", 10, 30, "")
    assert [part.name for part in span.parts] == ["download", "transform"]
    assert span.attributes["datavc.datum"] == f"{7:064x}"


def test_a_limit_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAVC_TRACE_DATUMS", "many")
    with pytest.raises(InvalidInput, match="'many'"):
        EngineSettings(scratch=tmp_path)


def test_nobody_listens() -> None:
    told = DatumSpans(1)
    told.add(run(1))
    assert told.left_out == 0
