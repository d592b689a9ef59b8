"""Traces: what is done for whom, across processes, for those who collect them by OpenTelemetry."""
