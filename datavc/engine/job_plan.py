"""Planning a job: its datums, which of them are done already, and what it builds upon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from datavc.db import branches, commits, datums, job_datums, jobs, pipelines, repos
from datavc.db.jobs import DatumCounts, JobRow
from datavc.db.pipelines import PipelineRow
from datavc.engine.datum_facts import read_facts, read_output
from datavc.engine.datum_plan import DatumPlan, DatumPlanner
from datavc.engine.job_inputs import JobInputs, output_after
from datavc.engine.output_ledger import OutputLedger, describe
from datavc.errors import Conflict
from datavc.model.change_set import StagedRecord
from datavc.model.commit import TreeRef
from datavc.model.datum import Datum
from datavc.model.job import DatumState
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.lookup import lookup
from datavc.model.tree.scan import scan
from datavc.versioning.versioned_store import VersionedStore

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class JobCode:
    """What a job runs."""

    spec: PipelineSpec
    #: Name of the executor, and what it says of the image.
    executor: str
    image_digest: str

    @property
    def digest(self) -> str:
        """See :meth:`~datavc.model.pipeline.PipelineSpec.code_digest`."""
        return self.spec.code_digest(self.image_digest)


@dataclass(frozen=True, slots=True)
class JobBase:
    """What a job builds upon: the pipeline's last output."""

    #: Head of the output branch, or ``None`` before the first output.
    head: str | None
    #: The head's tree and the meta tree of the job that made it; both empty if that job is not
    #: the pipeline's last one, and the output is to be built anew.
    output: TreeRef
    meta: TreeRef
    #: The head's tree in any case.
    head_tree: TreeRef
    #: The job whose datums ``meta`` lists, if it is the pipeline's last one.
    job: JobRow | None = None


@dataclass(frozen=True, slots=True)
class JobPlan:
    """What there is to be done for a job."""

    base: JobBase
    #: Datums that were in the base, and are not in this job: paths in the base's meta tree.
    gone: tuple[str, ...]
    #: Outputs of datums that are done, but are not in the base.
    done: Mapping[bytes, StagedRecord]
    pending: tuple[Datum, ...]
    counts: DatumCounts
    ledger: OutputLedger


def find_base(conn: Connection, job: JobRow, pipeline: PipelineRow) -> JobBase:
    """Find out what *job* builds upon.

    Raises:
        Conflict: the output repo or branch is gone.
    """
    repo = repos.find(conn, pipeline.output_repo)
    branch = None if repo is None else branches.find(conn, repo.id, pipeline.output_branch)
    if branch is None:
        raise Conflict(
            f"the output branch {pipeline.output_repo}@{pipeline.output_branch} is gone",
            hint="update the pipeline to make it again",
        )
    if branch.head is None:
        return JobBase(None, EMPTY_TREE, EMPTY_TREE, EMPTY_TREE)
    commit = commits.find(conn, branch.head)
    head_tree = EMPTY_TREE if commit is None else commit.tree
    last = jobs.last_landed(conn, job.pipeline_id, before=job.sequence)
    if last is None or last.meta is None or output_after(conn, last) != branch.head:
        return JobBase(branch.head, EMPTY_TREE, EMPTY_TREE, head_tree)
    return JobBase(branch.head, head_tree, last.meta, head_tree, last)


def plan_job(
    vs: VersionedStore,
    job: JobRow,
    pipeline: PipelineRow,
    inputs: JobInputs,
    code: JobCode,
) -> JobPlan:
    """Plan *job*.

    Raises:
        DuplicateOutput: two datums that are done already wrote the same path.
        Conflict: the output branch is gone.
    """
    with vs.db.read() as conn:
        base = find_base(conn, job, pipeline)
    salt = pipeline.salt + (job.id if code.spec.reprocess_every_job else "")
    planner = DatumPlanner(vs, code.spec, inputs, code.digest, salt)
    planned = planner.plan(base.meta, _like(vs, base.job, job, pipeline, code))
    with vs.db.read() as conn:
        known = datums.get_many(conn, job.pipeline_id, planned.new)
        own = _done_by(conn, job.id) if known else set()
    done = {key: row.output for key, row in known.items()}
    processed = sum(key in own for key in done)
    return JobPlan(
        base=base,
        gone=planned.gone,
        done=done,
        pending=tuple(datum for key, datum in planned.new.items() if key not in done),
        counts=DatumCounts(
            total=planned.total,
            processed=processed,
            skipped=planned.total - len(planned.new) + len(done) - processed,
        ),
        ledger=_open_ledger(vs, base, planned, done),
    )


def _like(
    vs: VersionedStore, before: JobRow | None, job: JobRow, pipeline: PipelineRow, code: JobCode
) -> JobRow | None:
    """The job before, if equal input files had the same datum keys in it."""
    spec = code.spec
    if before is None or spec.reprocess_every_job or before.executor != code.executor:
        return None
    if before.version == pipeline.version:
        return before if before.parameters == job.parameters else None
    with vs.db.read() as conn:
        row = pipelines.find_by_id(conn, before.pipeline_id, before.version)
    if row is None or row.salt != pipeline.salt:
        return None
    old = parse_pipeline_spec(row.spec).with_parameters(before.parameters)
    image = row.image_digest if code.executor != "process" else code.image_digest
    same = old.input == spec.input and not old.reprocess_every_job and image is not None
    return before if same and old.code_digest(image or "") == code.digest else None


def _done_by(conn: Connection, job_id: str) -> set[bytes]:
    """Keys of the datums that this very job ran before it was taken over."""
    keys: set[bytes] = set()
    after = b""
    while True:
        page = job_datums.list_datums(
            conn, job_id, state=DatumState.SUCCESS, after=after, limit=_PAGE
        )
        if not page:
            return keys
        keys.update(row.key for row in page)
        after = page[-1].key


def _open_ledger(
    vs: VersionedStore, base: JobBase, planned: DatumPlan, done: Mapping[bytes, StagedRecord]
) -> OutputLedger:
    def owner_in_base(path: str) -> str:
        every = planned.every()
        for key, entry in scan(base.meta, vs.nodes):
            datum = every.get(bytes.fromhex(key))
            if datum is None:
                continue
            facts = read_facts(vs, key, entry)
            if any(name == path for name, _ in read_output(vs, facts)):
                return describe(datum)
        return "of the last job"

    ledger = OutputLedger(base.output, vs.nodes, _paths_of(vs, base, planned.gone), owner_in_base)
    for key, output in done.items():
        ledger.add(planned.new[key], read_output(vs, output))
    return ledger


def _paths_of(vs: VersionedStore, base: JobBase, gone: tuple[str, ...]) -> Iterator[str]:
    for key in gone:
        entry = lookup(base.meta, key, vs.nodes)
        if entry is not None:
            for path, _ in read_output(vs, read_facts(vs, key, entry)):
                yield path
