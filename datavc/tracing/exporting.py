"""Exporting the spans of a process, where the environment names a collector."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from datavc.tracing import spans
from datavc.tracing.switch import is_wanted

_log = logging.getLogger("datavc.tracing")

_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN = "http/protobuf"


@contextmanager
def exporting(service: str, patience_s: float) -> Iterator[None]:
    """Export the spans of this process as long as the block runs, if a collector is named.

    Args:
        service: what the process is called, unless ``OTEL_SERVICE_NAME`` says otherwise.
        patience_s: how long the last spans may take to be sent once the block is over.
    """
    if not is_wanted() or not _is_spoken():
        yield
        return
    try:
        from datavc.tracing.otlp import OtlpExport
    except ImportError as error:
        _log.warning(
            "no traces are exported: package %s is missing; pip install 'datavc[otel]'", error.name
        )
        yield
        return
    export = OtlpExport(service)
    spans.install(export.tracer)
    try:
        yield
    finally:
        spans.install(None)
        export.close(patience_s)


def _is_spoken() -> bool:
    protocol = next(filter(None, map(os.environ.get, _PROTOCOLS)), _SPOKEN)
    if protocol != _SPOKEN:
        _log.warning("no traces are exported: %r is not spoken, %r is", protocol, _SPOKEN)
    return protocol == _SPOKEN
