"""Sending spans to a collector by OTLP, as the variables of OpenTelemetry say."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from datavc import __version__
from datavc.tracing.tracer import OpenTelemetryTracer

_log = logging.getLogger("datavc.tracing")


class OtlpExport:
    """Sends spans in the background, and drops them while the collector is away.

    Args:
        service: what this process is called, unless the environment says otherwise.
    """

    def __init__(self, service: str) -> None:
        # It would tell of every batch that is lost; that is told once, below.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._provider = TracerProvider(resource=_resource(service), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(_CalmExporter(OTLPSpanExporter())))
        self.tracer = OpenTelemetryTracer(self._provider)

    def close(self, patience_s: float) -> None:
        """Send what is left, for so many seconds at most."""
        thread = threading.Thread(target=self._provider.shutdown, daemon=True)
        thread.start()
        thread.join(patience_s)


class _CalmExporter(SpanExporter):
    """Says once that the collector is away, and once that it is back."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self._is_away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send them."""
        try:
            result = self._inner.export(spans)
        except Exception:
            result = SpanExportResult.FAILURE
        is_away = result is not SpanExportResult.SUCCESS
        if is_away and not self._is_away:
            _log.warning("the collector of traces takes none; spans are dropped until it does")
        elif self._is_away and not is_away:
            _log.warning("the collector of traces takes them again")
        self._is_away = is_away
        return result

    def shutdown(self) -> None:
        """Send nothing more."""
        self._inner.shutdown()


def _resource(service: str) -> Resource:
    found = Resource.create({SERVICE_VERSION: __version__})
    if os.environ.get("OTEL_SERVICE_NAME") or SERVICE_NAME in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    ):
        return found
    return found.merge(Resource({SERVICE_NAME: service}))
