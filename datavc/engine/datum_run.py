"""Running one datum on a worker, as often as it takes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from datavc.engine.datum_inputs import InputFolder
from datavc.engine.datum_log import DatumLog
from datavc.engine.datum_outputs import OutputFile, take_outputs
from datavc.engine.early_outputs import EarlyOutputs, EarlyStorage
from datavc.engine.executors.executor import Outcome, Worker
from datavc.engine.executors.shell_loop import variable_name
from datavc.engine.scratch import empty_folder, is_full
from datavc.engine.stopwatch import Stopwatch
from datavc.errors import TransformFailed
from datavc.model.datum import Datum
from datavc.model.job import DatumState
from datavc.versioning.versioned_store import VersionedStore


@dataclass(frozen=True, slots=True)
class DatumRun:
    """How a datum went, with all that is to be kept of it."""

    datum: Datum
    state: DatumState
    outputs: list[OutputFile]
    #: How long the transform ran, over all tries.
    seconds: float
    exit_code: int | None
    reason: str
    log: bytes
    #: How long its inputs took to be brought, and its outputs to be taken, over all tries.
    download_seconds: float = 0.0
    upload_seconds: float = 0.0
    download_bytes: int = 0
    upload_bytes: int = 0


@dataclass(frozen=True, slots=True)
class DatumRunner:
    """Runs the datums of one job on one worker."""

    vs: VersionedStore
    worker: Worker
    inputs: InputFolder
    #: Commit of every ``(repo, branch)`` that the pipeline reads.
    commits: Mapping[tuple[str, str], str]
    #: Variables that are the same for all datums of the job.
    env: Mapping[str, str]
    tries: int
    #: Whether there is an ``err_cmd``.
    recovers: bool
    scratch: Path
    #: Bytes that a datum may put out; ``None`` for no limit.
    disk_limit: int | None = None
    #: Stores outputs while the transform still runs.
    early: EarlyStorage | None = None

    def run(self, datum: Datum, log: DatumLog) -> DatumRun | None:
        """Run *datum* until it succeeds or its tries are used up; ``None`` when interrupted.

        What it prints goes to *log* at once.

        Raises:
            OutOfSpace, StoreUnavailable, DataCorrupt: reading inputs or storing outputs failed.
            ExecutorUnavailable: the container engine went away.
        """
        env = self._variables(datum)
        process, download, upload = Stopwatch(), Stopwatch(), Stopwatch()
        brought = 0
        for number in range(1, self.tries + 1):
            with download:
                brought += self.inputs.fill(datum)
                empty_folder(self.worker.output)
            outputs: list[OutputFile] = []
            with self._watch_outputs() as early:
                with process:
                    outcome = self._run(env, log)
                if outcome.succeeded:
                    try:
                        with upload:
                            outputs = take_outputs(
                                self.vs, self.worker.output, self.disk_limit, early
                            )
                    except TransformFailed as error:
                        outcome = replace(outcome, reason=error.message, may_retry=False)
            if self.worker.interrupted:
                return None
            if outcome.succeeded or not outcome.may_retry:
                break
            if number < self.tries:
                log.note(f"try {number} of {self.tries}: {outcome.reason}")
        state = DatumState.SUCCESS
        if not outcome.succeeded:
            log.note(f"failed: {outcome.reason}")
            with process:
                state = self._recover(datum, env, log)
            if self.worker.interrupted:
                return None
        return DatumRun(
            datum=datum,
            state=state,
            outputs=outputs,
            seconds=process.seconds,
            exit_code=outcome.exit_code,
            reason=outcome.reason,
            log=log.encoded(),
            download_seconds=download.seconds,
            upload_seconds=upload.seconds,
            download_bytes=brought,
            upload_bytes=sum(_size(file) for file in outputs),
        )

    def _watch_outputs(self) -> AbstractContextManager[EarlyOutputs | None]:
        if self.early is None:
            return nullcontext()
        return self.early.watch(self.worker.output)

    def _recover(self, datum: Datum, env: Mapping[str, str], log: DatumLog) -> DatumState:
        """Let the spec's ``err_cmd`` have its say, with inputs and output as at the start."""
        if not self.recovers:
            return DatumState.FAILED
        self.inputs.fill(datum)
        empty_folder(self.worker.output)
        outcome = self._run(env, log, recover=True)
        if outcome.succeeded:
            log.note("recovered by err_cmd: the job goes on without this datum's output")
            return DatumState.RECOVERED
        log.note(f"err_cmd failed, too: {outcome.reason}")
        return DatumState.FAILED

    def _run(self, env: Mapping[str, str], log: DatumLog, *, recover: bool = False) -> Outcome:
        try:
            return self._explain(self.worker.run(env, log, recover=recover))
        finally:
            # What a transform was given a part of only is an error, whatever it made of that.
            self.inputs.settle()

    def _explain(self, outcome: Outcome) -> Outcome:
        """Say so if a failure comes with a scratch disk that has no room left."""
        if outcome.succeeded or not is_full(self.scratch):
            return outcome
        return replace(outcome, reason=f"{outcome.reason}; the scratch disk is full")

    def _variables(self, datum: Datum) -> dict[str, str]:
        """What the transform is told of the datum: Pachyderm's names, and ours."""
        pfs = self.worker.pfs
        env: dict[str, str] = {}
        for part in datum.inputs:
            source = part.source
            name = variable_name(source.name)
            path = f"{pfs}/{source.name}/{part.path}".rstrip("/")
            # Where a group has several files of an input, they are found in its folder.
            env[name] = f"{pfs}/{source.name}" if name in env else path
            env[f"{name}_COMMIT"] = self.commits[source.repo, source.branch]
            for what, key in (("JOIN_ON", part.join_on), ("GROUP_BY", part.group_by)):
                if key is not None:
                    env[f"DATAVC_DATUM_{name}_{what}"] = key
                    env[f"PACH_DATUM_{name}_{what}"] = key
        key = datum.key.hex()
        return {
            **env,
            **self.env,
            "DATAVC_PFS": pfs,
            "DATAVC_DATUM_ID": key,
            "PACH_DATUM_ID": key,
        }


def _size(file: OutputFile) -> int:
    return len(file.content) if isinstance(file.content, bytes) else file.content.size
