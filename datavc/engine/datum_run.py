"""Running one datum on a worker, as often as it takes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from datavc.engine.datum_inputs import InputFolder
from datavc.engine.datum_log import DatumLog
from datavc.engine.datum_outputs import OutputFile, check_output_size, take_outputs
from datavc.engine.early_outputs import EarlyOutputs, EarlyStorage
from datavc.engine.executors.executor import Outcome, Worker
from datavc.engine.executors.shell_loop import variable_name
from datavc.engine.s3_sessions import DatumS3, JobS3
from datavc.engine.scratch import empty_folder, is_full
from datavc.engine.stopwatch import Lap, Stopwatch
from datavc.errors import TransformFailed
from datavc.model.datum import Datum
from datavc.model.job import DatumState
from datavc.model.s3_session import OUTPUT_BUCKET
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
    #: The session that its outputs came by, to be forgotten once its result is written.
    s3_session: str | None = None
    #: When inputs were brought, the transform ran, and outputs were taken, for each try.
    laps: tuple[Lap, ...] = ()


@dataclass(frozen=True, slots=True)
class _Tried:
    """One try of a datum."""

    outcome: Outcome
    outputs: list[OutputFile]
    #: As :attr:`DatumRun.s3_session`.
    s3_session: str | None = None


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
    #: Makes the session of each try, where the pipeline uses S3.
    s3: JobS3 | None = None

    def run(self, datum: Datum, log: DatumLog) -> DatumRun | None:
        """Run *datum* until it succeeds or its tries are used up; ``None`` when interrupted.

        What it prints goes to *log* at once.

        Raises:
            OutOfSpace, StoreUnavailable, DataCorrupt: reading inputs or storing outputs failed.
            ExecutorUnavailable: the container engine went away.
            LostRace: the job is somebody else's by now.
        """
        env = self._variables(datum)
        download, upload = Stopwatch("download"), Stopwatch("upload")
        process, recovery = Stopwatch("transform"), Stopwatch("err_cmd")
        brought = 0
        for number in range(1, self.tries + 1):
            with download:
                brought += self.inputs.fill(datum)
                empty_folder(self.worker.output)
            tried = self._try(datum, env, log, process, upload)
            outcome = tried.outcome
            if self.worker.interrupted:
                return None
            if outcome.succeeded or not outcome.may_retry:
                break
            if number < self.tries:
                log.note(f"try {number} of {self.tries}: {outcome.reason}")
        state = DatumState.SUCCESS
        if not outcome.succeeded:
            log.note(f"failed: {outcome.reason}")
            state = DatumState.FAILED
            if self.recovers:
                with recovery:
                    state = self._recover(datum, env, log)
            if self.worker.interrupted:
                return None
        return DatumRun(
            datum=datum,
            state=state,
            outputs=tried.outputs,
            seconds=process.seconds + recovery.seconds,
            exit_code=outcome.exit_code,
            reason=outcome.reason,
            log=log.encoded(),
            download_seconds=download.seconds,
            upload_seconds=upload.seconds,
            download_bytes=brought,
            upload_bytes=sum(_size(file) for file in tried.outputs),
            s3_session=tried.s3_session,
            laps=(*download.laps, *process.laps, *upload.laps, *recovery.laps),
        )

    def _watch_outputs(self) -> AbstractContextManager[EarlyOutputs | None]:
        if self.early is None:
            return nullcontext()
        return self.early.watch(self.worker.output)

    def _try(
        self,
        datum: Datum,
        env: Mapping[str, str],
        log: DatumLog,
        process: Stopwatch,
        upload: Stopwatch,
    ) -> _Tried:
        """Run the transform once, and take what it put out if it succeeded."""
        session = None if self.s3 is None else self.s3.open(datum)
        kept = False
        try:
            with self._watch_outputs() as early:
                with process:
                    outcome = self._run(_with_s3(env, session), log)
                if not outcome.succeeded or self.worker.interrupted:
                    return _Tried(outcome, [])
                try:
                    with upload:
                        outputs = self._take(session, early)
                except TransformFailed as error:
                    return _Tried(replace(outcome, reason=error.message, may_retry=False), [])
            if session is None or not session.has_output:
                return _Tried(outcome, outputs)
            kept = True
            return _Tried(outcome, outputs, session.id)
        finally:
            if session is not None and not kept:
                session.drop()

    def _take(self, session: DatumS3 | None, early: EarlyOutputs | None) -> list[OutputFile]:
        """What the transform put out.

        Raises:
            TransformFailed: it is not as it may be.
        """
        outputs = take_outputs(self.vs, self.worker.output, self.disk_limit, early)
        if session is None or not session.has_output:
            return outputs
        if outputs:
            raise TransformFailed(
                f"it wrote {outputs[0].path!r} to its output folder, and with s3_out its output is "
                f"what it puts into the bucket {OUTPUT_BUCKET!r}",
                hint=f"put it to s3://{OUTPUT_BUCKET}, or leave out s3_out",
            )
        outputs = session.take()
        check_output_size(sum(_size(file) for file in outputs), self.disk_limit)
        return outputs

    def _recover(self, datum: Datum, env: Mapping[str, str], log: DatumLog) -> DatumState:
        """Let the spec's ``err_cmd`` have its say, with inputs and output as at the start."""
        self.inputs.fill(datum)
        empty_folder(self.worker.output)
        session = None if self.s3 is None else self.s3.open(datum)
        try:
            outcome = self._run(_with_s3(env, session), log, recover=True)
        finally:
            if session is not None:
                session.drop()
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
            if source.s3:
                env[name] = f"s3://{source.name}"
            else:
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


def _with_s3(env: Mapping[str, str], session: DatumS3 | None) -> Mapping[str, str]:
    return env if session is None else {**env, **session.env}


def _size(file: OutputFile) -> int:
    return len(file.content) if isinstance(file.content, bytes) else file.content.size
