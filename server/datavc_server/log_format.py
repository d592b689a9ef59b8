"""Lines of the log: for people, or one JSON object each for programs."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from datavc.tracing import spans
from datavc_server.request_record import request_id


class LogFormat(StrEnum):
    """How the log is written."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


#: What a line may say beside its message. Nothing else is taken over, so no secret slips in.
_FIELDS = (
    "method", "path", "route", "status", "duration_ms",
    "repo", "branch", "commit", "run", "job", "pipeline", "state", "incident", "webhook",
)  # fmt: skip


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of *record*."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        ids = spans.trace_ids()
        if ids is not None:
            line["trace_id"], line["span_id"] = ids
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


class TextFormatter(logging.Formatter):
    """A line for people; one that belongs to a trace ends with its id."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of *record*."""
        ids = spans.trace_ids()
        line = super().format(record)
        return line if ids is None else f"{line} [trace {ids[0]}]"


def log_to_stderr(form: LogFormat, level: LogLevel | None) -> None:
    """Log to stderr; without a *level*, warnings for people and all requests for programs."""
    if level is None:
        level = LogLevel.INFO if form is LogFormat.JSON else LogLevel.WARNING
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter()
        if form is LogFormat.JSON
        else TextFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # These tell of each request and each file at a level that is meant for datavc's own news.
    for name in ("httpx", "botocore", "boto3", "urllib3", "alembic", "uvicorn"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
