"""Spans by OpenTelemetry. Imported only where they are collected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from datavc import __version__
from datavc.errors import DatavcError
from datavc.tracing.spans import Attributes, FinishedSpan, Kind, Span, Value

_KINDS = {
    Kind.INTERNAL: SpanKind.INTERNAL,
    Kind.SERVER: SpanKind.SERVER,
    Kind.CLIENT: SpanKind.CLIENT,
    Kind.CONSUMER: SpanKind.CONSUMER,
}
_HEADER = "traceparent"
_propagator = TraceContextTextMapPropagator()


class OpenTelemetryTracer:
    """Makes the spans of one provider.

    Args:
        provider: what samples and exports them.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("datavc", __version__)

    @contextmanager
    def span(
        self, name: str, attributes: Attributes, kind: Kind, parent: str | None
    ) -> Iterator[Span]:
        """A span for as long as the block runs."""
        # Exceptions are not recorded as they are: who knows what their texts and frames hold.
        with self._tracer.start_as_current_span(
            name,
            context=None if parent is None else _context(parent),
            kind=_KINDS[kind],
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as started:
            span = _OpenTelemetrySpan(started)
            try:
                yield span
            except DatavcError as error:
                span.fail(error.message)
                raise
            except BaseException as error:
                span.fail(type(error).__name__)
                raise

    @contextmanager
    def continued(self, parent: str) -> Iterator[None]:
        """What the block does belongs to a span of another process."""
        token = context.attach(_context(parent))
        try:
            yield
        finally:
            context.detach(token)

    def record(self, finished: FinishedSpan, parent: str) -> None:
        """A span that is over already, with its parts."""
        self._record(finished, _context(parent))

    def _record(self, finished: FinishedSpan, around: Context) -> None:
        span = self._tracer.start_span(
            finished.name,
            context=around,
            attributes=finished.attributes,
            start_time=finished.start_us * 1000,
            record_exception=False,
            set_status_on_exception=False,
        )
        within = trace.set_span_in_context(span, around)
        for part in finished.parts:
            self._record(part, within)
        if finished.error:
            span.set_status(Status(StatusCode.ERROR, finished.error))
        span.end(end_time=finished.end_us * 1000)

    def current(self) -> Span:
        """The span that this thread or task is in."""
        return _OpenTelemetrySpan(trace.get_current_span())

    def traceparent(self) -> str | None:
        """The same, as the header says it."""
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        return carrier.get(_HEADER)


class _OpenTelemetrySpan:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, value)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, reason: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, reason))


@cache
def program_tracer() -> OpenTelemetryTracer:
    """Gives spans to the provider that the program has set up, if it has."""
    return OpenTelemetryTracer(trace.get_tracer_provider())


def _context(parent: str) -> Context:
    """Of another process; what is malformed begins a trace of its own."""
    return _propagator.extract({_HEADER: parent}, context=Context())
