"""Whether traces are exported. Apart from how, since every command asks."""

from __future__ import annotations

import os

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def is_wanted() -> bool:
    """Whether this process is to export traces: the environment names a collector."""
    if not any(map(os.environ.get, _ENDPOINTS)):
        return False
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    return os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() in ("", "otlp")
