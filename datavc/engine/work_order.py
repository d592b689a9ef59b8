"""What all workers of a job share, and what an engine has for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datavc.db.jobs import JobRow
from datavc.db.pipelines import PipelineRow
from datavc.engine.capacity import Capacity, Share
from datavc.engine.early_outputs import EarlyStorage
from datavc.engine.executors.executor import Executor
from datavc.engine.job_inputs import JobInputs
from datavc.engine.job_plan import JobCode
from datavc.engine.job_span import trace_variable
from datavc.engine.s3_sessions import JobS3, s3_gateway_of
from datavc.engine.scheduler import requested_share
from datavc.engine.scratch import scratch_errors
from datavc.engine.secrets import SecretValues, open_secrets
from datavc.engine.settings import EngineSettings
from datavc.model.commit import TreeRef
from datavc.model.pipeline import PipelineSpec
from datavc.versioning.versioned_store import VersionedStore


@dataclass(frozen=True, slots=True)
class JobHost:
    """What an engine has for a job that it has claimed."""

    vs: VersionedStore
    executor: Executor
    settings: EngineSettings
    #: The job's own folder on the scratch disk, which is still to be made.
    scratch: Path
    #: The name by which the engine holds the job.
    owner: str
    #: Shared by all jobs of the engine.
    capacity: Capacity
    early: EarlyStorage


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What all workers of a job share."""

    vs: VersionedStore
    executor: Executor
    spec: PipelineSpec
    image_digest: str
    job_id: str
    scratch: Path
    commits: Mapping[tuple[str, str], str]
    trees: Mapping[tuple[str, str], TreeRef]
    env: Mapping[str, str]
    log_limit: int
    capacity: Capacity
    #: What one datum takes of it.
    share: Share
    secrets: SecretValues = field(default_factory=dict, repr=False)
    #: Stores outputs while their transforms still run.
    early: EarlyStorage | None = None
    #: Called with the output folder once a transform has ended, however it did.
    take_rest: Callable[[Path], None] | None = None
    #: Makes the sessions of datums, where the pipeline uses S3.
    s3: JobS3 | None = None


def make_order(
    host: JobHost,
    job: JobRow,
    pipeline: PipelineRow,
    spec: PipelineSpec,
    code: JobCode,
    inputs: JobInputs,
) -> WorkOrder:
    """What the workers of *job* need to know; makes the job's scratch folder.

    Raises:
        OutOfSpace, StoreUnavailable: the folder cannot be made.
        NotFound, AccessDenied: as :func:`datavc.engine.secrets.open_secrets`.
    """
    with scratch_errors(host.scratch):
        host.scratch.mkdir(mode=0o700)
    return WorkOrder(
        vs=host.vs,
        executor=host.executor,
        spec=spec,
        image_digest=code.image_digest,
        job_id=job.id,
        scratch=host.scratch,
        commits=inputs.commits,
        trees=inputs.trees,
        env={
            "DATAVC_JOB_ID": job.id,
            "DATAVC_RUN_ID": job.run_id,
            "DATAVC_PIPELINE": job.pipeline,
            "DATAVC_PIPELINE_VERSION": str(job.version),
            "PACH_JOB_ID": job.id,
            "PACH_OUTPUT_COMMIT_ID": job.run_id,
            **trace_variable(job),
        },
        log_limit=host.settings.log_limit,
        secrets=open_secrets(host.vs, spec.transform.secrets),
        capacity=host.capacity,
        share=_share(host, spec),
        s3=_s3(host, job, pipeline, spec, inputs),
        early=host.early,
    )


def _s3(
    host: JobHost, job: JobRow, pipeline: PipelineRow, spec: PipelineSpec, inputs: JobInputs
) -> JobS3 | None:
    gateway = s3_gateway_of(spec, host.settings.s3_endpoint)
    if gateway is None:
        return None
    endpoint = host.executor.s3_endpoint(gateway, spec)
    made = JobS3(host.vs, job, host.owner, pipeline, spec.s3_out, inputs.commits, endpoint)
    made.forget_all()
    return made


def _share(host: JobHost, spec: PipelineSpec) -> Share:
    """What a datum takes of the host: what it asks for, or else what it may use at most.

    Where the spec says nothing of processors, a job alone has as many workers as it wants.
    """
    workers = spec.parallelism or host.settings.workers
    asked = requested_share(spec)
    alone = min(1.0, host.capacity.total.cpus / workers)
    return Share(
        asked.cpus or spec.limits.cpu or alone,
        asked.memory or spec.limits.memory or 0,
        asked.gpus,
    )
