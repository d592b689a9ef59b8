"""When spans are exported, and what is said when they cannot be."""

from __future__ import annotations

import logging
import sys

import pytest

from datavc.tracing import spans
from datavc.tracing.exporting import exporting

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        (ENDPOINT, ""),
    ],
)
def test_the_environment_turns_them_off(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv(name, value)
    before = spans.is_on()
    with exporting("test", 0):
        assert spans.is_on() is before


def test_a_package_that_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "datavc.tracing.otlp", None)
    with caplog.at_level(logging.WARNING), exporting("test", 0):
        pass
    assert "pip install 'datavc[otel]'" in caplog.text


def test_a_context_is_carried_on_where_nothing_is_exported() -> None:
    parent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
    assert spans.traceparent() is None
    with spans.continued(parent):
        assert spans.traceparent() == parent
        with spans.continued(None):
            assert spans.traceparent() == parent
    assert spans.traceparent() is None
    assert spans.trace_ids() is None
