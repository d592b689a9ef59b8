"""How an engine runs: which executor, how many workers, where its scratch disk is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from datavc.engine.capacity import host_cpus, host_gpus, host_memory
from datavc.errors import InvalidInput

#: Names the URL of the S3 gateway.
S3_ENDPOINT_VARIABLE = "DATAVC_S3_ENDPOINT"
#: What ``EngineSettings.executor`` may be.
EXECUTORS = ("auto", "docker", "process")


def _executor_from_environment() -> str:
    return os.environ.get("DATAVC_EXECUTOR") or "auto"


def s3_endpoint_from_environment() -> str | None:
    """What ``DATAVC_S3_ENDPOINT`` says, or ``None``."""
    return os.environ.get(S3_ENDPOINT_VARIABLE) or None


def _traced_datums_from_environment() -> int:
    text = os.environ.get("DATAVC_TRACE_DATUMS") or "100"
    if not text.isdecimal():
        raise InvalidInput(f"DATAVC_TRACE_DATUMS is {text!r}, which is no number of datums")
    return int(text)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """An engine's settings.

    Raises:
        InvalidInput: ``executor`` is none of :data:`EXECUTORS`, a number is too small or none, or
            ``s3_endpoint`` is no URL.
    """

    #: Folder for the files of running datums; made when missing, emptied by the engine.
    scratch: Path
    #: ``docker``, ``process``, or ``auto``: docker where a container engine answers.
    executor: str = field(default_factory=_executor_from_environment)
    #: Datums of one job that run at once, where its spec does not say.
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    #: Seconds after which the job of an engine that shows no life is taken over.
    lease_seconds: float = 30.0
    #: Jobs that :meth:`Engine.serve` works on at once, each of another pipeline. More than there
    #: are processors, so that a few long jobs do not keep those of other pipelines waiting.
    jobs: int = field(default_factory=lambda: max(16, 2 * host_cpus()))
    #: Processors and bytes of memory that all datums together may ask for.
    cpus: float = field(default_factory=host_cpus)
    memory: int = field(default_factory=host_memory)
    #: Graphics processors; each is given to one datum at a time.
    gpus: int = field(default_factory=host_gpus)
    #: Seconds that datums are given to end once the engine is told to stop.
    drain_seconds: float = 8.0
    #: Longest time without a look for work in :meth:`Engine.serve`, in seconds; what others do
    #: is noticed at once, but not that an engine was killed.
    poll_seconds: float = 5.0
    #: Seconds for which finished datums may wait to be made durable together.
    batch_seconds: float = 0.25
    #: Where egress may go: below these prefixes, and to databases of public addresses; ``None``
    #: wherever this process can.
    allow_egress: tuple[str, ...] | None = None
    #: URL of the S3 gateway of this datavc, for pipelines with S3 inputs or outputs; ``None`` where
    #: there is none.
    s3_endpoint: str | None = field(default_factory=s3_endpoint_from_environment)
    #: Bytes of a datum's log that are kept; what comes after is counted, and dropped.
    log_limit: int = 16 * 1024 * 1024
    #: Datums of a job that have spans in traces, besides those that failed.
    traced_datums: int = field(default_factory=_traced_datums_from_environment)

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise InvalidInput(
                f"{self.executor!r} is not an executor", hint=f"use one of {', '.join(EXECUTORS)}"
            )
        if self.jobs < 1 or self.workers < 1 or self.cpus <= 0 or self.memory <= 0 or self.gpus < 0:
            raise InvalidInput("an engine needs at least one job, worker, processor and byte")
        if self.s3_endpoint is not None and not _is_plain_url(self.s3_endpoint):
            raise InvalidInput(
                f"{S3_ENDPOINT_VARIABLE} is not the URL of a gateway: {self.s3_endpoint!r}",
                hint="give scheme, host and port alone, as http://10.0.0.5:8251",
            )


def _is_plain_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return False
    whole = f"{url.scheme}://{url.netloc}"
    return (
        url.scheme in ("http", "https")
        and bool(url.hostname)
        and "@" not in url.netloc
        and port != 0
        and text in (whole, f"{whole}/")
    )
