"""Spans of a job's datums: of the first ones, and of all that failed, however many there are."""

from __future__ import annotations

import threading
from operator import attrgetter

from datavc.engine.datum_run import DatumRun
from datavc.model.job import DatumState
from datavc.tracing import spans
from datavc.tracing.spans import FinishedSpan

#: Inputs of a datum that its span names.
_INPUTS = 20


class DatumSpans:
    """Takes the datums of one job. Made within the job's span; safe to share between threads.

    Args:
        limit: how many have spans, besides those that failed.
    """

    def __init__(self, limit: int) -> None:
        self._job = spans.traceparent() if spans.is_on() else None
        self._left = limit
        self._lock = threading.Lock()
        #: Datums that have no span.
        self.left_out = 0

    def add(self, run: DatumRun) -> None:
        """Tell of a datum that has ended."""
        if self._job is None or not run.laps:
            return
        with self._lock:
            is_told = run.state is DatumState.FAILED or self._left > 0
            self._left -= run.state is not DatumState.FAILED
            self.left_out += not is_told
        if is_told:
            spans.record(_span_of(run), self._job)


def _span_of(run: DatumRun) -> FinishedSpan:
    laps = sorted(run.laps, key=attrgetter("start_us"))
    labels = run.datum.labels
    attributes: dict[str, spans.Value] = {
        "datavc.datum": run.datum.key.hex(),
        "datavc.datum.state": run.state.value,
        "datavc.datum.inputs": labels[:_INPUTS],
        "datavc.datum.input_count": len(labels),
        "datavc.datum.downloaded_bytes": run.download_bytes,
        "datavc.datum.uploaded_bytes": run.upload_bytes,
    }
    if run.exit_code is not None:
        attributes["process.exit.code"] = run.exit_code
    return FinishedSpan(
        "datum",
        laps[0].start_us,
        max(lap.end_us for lap in laps),
        attributes,
        error=run.reason if run.state is DatumState.FAILED else "",
        parts=[FinishedSpan(lap.name, lap.start_us, lap.end_us) for lap in laps],
    )
