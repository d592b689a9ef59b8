"""Jobs and datums: their states, and which may follow which."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands."""

    #: Waits for the jobs before it: upstream in its run, or earlier ones of its pipeline.
    WAITING = "waiting"
    #: Claimed by an engine.
    RUNNING = "running"
    #: All datums are done; the output commit is being made.
    FINISHING = "finishing"
    #: The output is committed, and is being written to where the spec's ``egress`` says.
    EGRESSING = "egressing"
    SUCCESS = "success"
    FAILURE = "failure"
    #: Stopped by a person, or superseded by a pipeline update.
    KILLED = "killed"
    #: An upstream job of the same run failed, so there is no input to run on.
    UNRUNNABLE = "unrunnable"
    #: Never begun, since a later job of its pipeline reads newer commits.
    SUPERSEDED = "superseded"

    @property
    def is_terminal(self) -> bool:
        """Whether the job is over, unless somebody restarts it."""
        return self in _TERMINAL

    @property
    def is_failed(self) -> bool:
        """Whether the job is over and did not do its work, so that it can be restarted."""
        return self in FAILED


#: Over without having done its work.
FAILED = frozenset({JobState.FAILURE, JobState.KILLED, JobState.UNRUNNABLE})
_TERMINAL = FAILED | {JobState.SUCCESS, JobState.SUPERSEDED}

#: Every legal transition. A claim taken over from a dead engine re-enters ``RUNNING``; what failed
#: waits again once it is restarted.
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.WAITING: frozenset(
        {JobState.RUNNING, JobState.KILLED, JobState.UNRUNNABLE, JobState.SUPERSEDED}
    ),
    JobState.RUNNING: frozenset(
        {
            JobState.RUNNING,
            JobState.FINISHING,
            JobState.FAILURE,
            JobState.KILLED,
            JobState.SUPERSEDED,
        }
    ),
    JobState.FINISHING: frozenset(
        {
            JobState.RUNNING,
            JobState.EGRESSING,
            JobState.SUCCESS,
            JobState.FAILURE,
            JobState.KILLED,
        }
    ),
    JobState.EGRESSING: frozenset(
        {JobState.EGRESSING, JobState.SUCCESS, JobState.FAILURE, JobState.KILLED}
    ),
    JobState.SUCCESS: frozenset(),
    JobState.FAILURE: frozenset({JobState.WAITING}),
    JobState.KILLED: frozenset({JobState.WAITING}),
    JobState.UNRUNNABLE: frozenset({JobState.WAITING}),
    JobState.SUPERSEDED: frozenset(),
}


class DatumState(StrEnum):
    """How a datum of a job ended, or that it has not."""

    #: It has been running for a moment.
    RUNNING = "running"
    SUCCESS = "success"
    #: Its key had succeeded before; the output was reused.
    SKIPPED = "skipped"
    FAILED = "failed"
    #: It failed and ``err_cmd`` succeeded: the job goes on without its output, and the next job
    #: tries it again.
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job."""

    id: str
    pipeline: str
    version: int
    run_id: str
    state: JobState
    #: ``repo@commit`` of each input, in the order of the spec.
    inputs: tuple[str, ...]
    #: The output commit, or ``None`` (not done, failed, or the output did not change).
    output: str | None
    executor: str | None
    datums_total: int
    datums_processed: int
    datums_skipped: int
    datums_failed: int
    created_us: int
    started_us: int | None
    finished_us: int | None
    #: Why it failed, or what it waits for; ``""`` when there is nothing to say.
    reason: str = ""
    datums_recovered: int = 0
    #: ``repo@commit`` whose output it makes once more to compare; ``None`` for all other jobs.
    reproduces: str | None = None
    #: Whether it runs until something replaces it, as that of a service does.
    standing: bool = False
    #: Variables of the transform that have other values than the spec says.
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DatumInfo:
    """A datum that a job ran."""

    job: str
    #: Digest of the datum's key in hex.
    id: str
    state: DatumState
    #: ``input:/path`` of each file or folder it sees.
    inputs: tuple[str, ...]
    #: How long the transform ran, over all tries; of one that runs, since it began.
    seconds: float
    exit_code: int | None
    reason: str = ""
    #: Seconds that its inputs took to be brought, and its outputs to be taken.
    download_seconds: float = 0.0
    upload_seconds: float = 0.0
    #: Bytes that were brought for it, leaving out what was there already, and that it put out.
    download_bytes: int = 0
    upload_bytes: int = 0


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a transform printed, or that the engine says of the job (datum ``None``)."""

    job: str
    datum: str | None
    #: ``stdout``, ``stderr`` or ``engine``.
    stream: str
    time_us: int
    text: str


@dataclass(frozen=True, slots=True)
class PipelineInfo:
    """A pipeline at one version."""

    name: str
    version: int
    #: ``running`` or ``stopped``.
    state: str
    created_us: int
    #: The spec as it was given, as plain data.
    spec: dict[str, object]
    #: Digest of (image, cmd, stdin, env, user, ...), hex.
    digest: str
    last_job: str | None = None
    last_job_state: JobState | None = None
    #: Why that job failed; of a service, how it is.
    last_job_reason: str = ""
    #: What may keep its jobs from running where it was made; told when it is made, and not later.
    warnings: tuple[str, ...] = ()
