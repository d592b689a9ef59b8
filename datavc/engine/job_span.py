"""The span of one engine's work on one job."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict

from datavc.db.jobs import DatumCounts, JobRow
from datavc.tracing import spans
from datavc.tracing.spans import Kind, Value


def job_span(job: JobRow) -> AbstractContextManager[object]:
    """A span that goes on with the trace of what the job was made on account of.

    A standing job has none, since it has no end that a trace could wait for.
    """
    if job.standing:
        return nullcontext()
    attributes: dict[str, Value] = {
        "datavc.pipeline": job.pipeline,
        "datavc.pipeline.version": job.version,
        "datavc.job": job.id,
        "datavc.run": job.run_id,
    }
    return spans.span("job", attributes, kind=Kind.CONSUMER, parent=job.trace)


def note_counts(counts: DatumCounts) -> None:
    """Have the span around tell how many datums there are, and what has become of them."""
    span = spans.current()
    for name, count in asdict(counts).items():
        span.note(f"datavc.datums.{name}", count)


def trace_variable(job: JobRow) -> dict[str, str]:
    """The variable by which transforms that make spans themselves go on with the trace."""
    trace = spans.traceparent() or job.trace
    return {} if trace is None else {"TRACEPARENT": trace}
