"""The contract of an executor: what runs a transform over one datum at a time.

An executor serves many jobs; a :class:`Worker` serves one job, one datum after the other, and is
kept warm in between. The engine fills :attr:`Worker.inputs` and reads :attr:`Worker.output`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from datavc.engine.datum_log import DatumLog
from datavc.model.pipeline import PipelineSpec


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try of a datum ended."""

    #: The transform's exit code; ``None`` when it did not exit by itself.
    exit_code: int | None
    #: One line that says what went wrong; ``""`` for success.
    reason: str = ""
    #: Whether another try may end differently.
    may_retry: bool = True

    @property
    def succeeded(self) -> bool:
        """Whether the datum's output counts."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Program:
    """What a worker starts."""

    #: Program and arguments.
    cmd: tuple[str, ...]
    #: Lines that it reads from its standard input.
    stdin: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkerRequest:
    """What a worker is opened for."""

    spec: PipelineSpec
    #: What :meth:`Executor.prepare` returned for the pipeline version.
    image_digest: str
    #: An empty folder of the worker's own on the scratch disk.
    scratch: Path
    job: str
    #: What the transform's secrets hold, by their names and those of their values.
    secrets: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict, repr=False)


class Worker(Protocol):
    """Runs the transform of one job, one datum at a time."""

    #: Host folder that the transform sees as ``$DATAVC_PFS``: one folder for each input.
    inputs: Path
    #: Host folder that the transform sees as ``$DATAVC_PFS/out``; emptied by the engine.
    output: Path
    #: ``$DATAVC_PFS`` as the transform sees it.
    pfs: str
    #: Whether the transform has no way to change its inputs.
    protects_inputs: bool
    #: Whether :meth:`interrupt` was called.
    interrupted: bool
    #: Which of the host's graphics processors the next datum has; empty where nobody counts them.
    gpus: tuple[int, ...]

    def run(self, env: Mapping[str, str], log: DatumLog, *, recover: bool = False) -> Outcome:
        """Run the transform once; returns when it and all it started are gone.

        Args:
            env: variables of this datum, beside those of the spec.
            log: takes what the transform prints.
            recover: run ``err_cmd`` with ``err_stdin`` in place of ``cmd`` with ``stdin``; it has
                the whole ``datum_timeout`` for itself.

        Raises:
            ExecutorUnavailable: the container engine went away.
        """

    def interrupt(self) -> None:
        """Kill what runs, from another thread; every later :meth:`run` fails at once."""

    def close(self) -> None:
        """Let go of everything. Safe to call more than once."""


class Executor(Protocol):
    """Opens workers."""

    #: ``docker`` or ``process``.
    name: str

    def prepare(self, image: str, pinned: str | None) -> str:
        """Make *image* ready to run, and return the digest that pins its content.

        Args:
            image: as the spec names it.
            pinned: the digest it had when the pipeline version first ran, to be used again.

        Raises:
            ExecutorUnavailable: the image cannot be had, or the container engine does not answer.
        """

    def open_worker(self, request: WorkerRequest) -> Worker:
        """Open a warm worker.

        Raises:
            ExecutorUnavailable: it cannot be started.
        """

    def s3_endpoint(self, gateway: str, spec: PipelineSpec) -> str:
        """The URL at which a transform reaches the S3 gateway, as long as the executor is open.

        Args:
            gateway: the URL at which this process does.
            spec: whose transform.

        Raises:
            ExecutorUnavailable: it cannot.
        """

    def clean_up(self) -> None:
        """Remove what workers have left that could not be closed in order; none may be open.

        Raises:
            ExecutorAway: the container engine does not answer.
        """

    def clean_up_dead(self) -> None:
        """Remove what engines of this host that were killed have left.

        Raises:
            ExecutorAway: the container engine does not answer.
        """

    def close(self) -> None:
        """Let go of everything that the executor holds."""
