"""How an engine runs: which executor, how many workers, where its scratch disk is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from datavc.errors import InvalidInput

#: What ``EngineSettings.executor`` may be.
EXECUTORS = ("auto", "docker", "process")


def _executor_from_environment() -> str:
    return os.environ.get("DATAVC_EXECUTOR") or "auto"


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """An engine's settings.

    Raises:
        InvalidInput: ``executor`` is none of :data:`EXECUTORS`.
    """

    #: Folder for the files of running datums; made when missing, emptied by the engine.
    scratch: Path
    #: ``docker``, ``process``, or ``auto``: docker where a container engine answers.
    executor: str = field(default_factory=_executor_from_environment)
    #: Datums of one job that run at once, where its spec does not say.
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    #: Seconds after which the job of an engine that shows no life is taken over.
    lease_seconds: float = 30.0
    #: Seconds between two looks for work in :meth:`Engine.serve`.
    poll_seconds: float = 0.25
    #: Seconds for which finished datums may wait to be made durable together.
    batch_seconds: float = 0.25
    #: Where egress may go: below these prefixes, and to databases of public addresses; ``None``
    #: wherever this process can.
    allow_egress: tuple[str, ...] | None = None
    #: Bytes of a datum's log that are kept; what comes after is counted, and dropped.
    log_limit: int = 16 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise InvalidInput(
                f"{self.executor!r} is not an executor", hint=f"use one of {', '.join(EXECUTORS)}"
            )
