"""What an engine that runs by itself may be told of its host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datavc.engine.settings import EngineSettings
from datavc.errors import InvalidInput, InvalidSpec
from datavc.model.spec_fields import SpecFields


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What an engine may use; ``None`` leaves it as :class:`EngineSettings` has it."""

    jobs: int | None = None
    cpus: float | None = None
    #: Bytes.
    memory: int | None = None
    gpus: int | None = None
    drain_seconds: float | None = None

    def settings(self, scratch: Path, executor: str | None) -> EngineSettings:
        """The settings of such an engine."""
        given: dict[str, object] = {
            "executor": executor,
            "jobs": self.jobs,
            "cpus": self.cpus,
            "memory": self.memory,
            "gpus": self.gpus,
            "drain_seconds": self.drain_seconds,
        }
        known = {name: value for name, value in given.items() if value is not None}
        return EngineSettings(scratch=scratch, **known)  # type: ignore[arg-type]


def parse_memory(text: str) -> int:
    """A size as Kubernetes writes it, such as ``8Gi``, in bytes.

    Raises:
        InvalidInput: it is none.
    """
    try:
        size = SpecFields({"memory": text}, "", ("memory",)).quantity("memory")
    except InvalidSpec as error:
        raise InvalidInput(error.message, hint=error.hint) from None
    return int(size or 0)
