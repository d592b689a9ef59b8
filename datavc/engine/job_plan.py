"""Planning a job: its datums, which of them are done already, and what it builds upon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from datavc.db import branches, commits, datums, job_datums, jobs, repos
from datavc.db.jobs import DatumCounts, JobInput, JobRow
from datavc.db.pipelines import PipelineRow
from datavc.engine.datum_facts import read_facts, read_output
from datavc.engine.output_ledger import OutputLedger, describe
from datavc.errors import Conflict
from datavc.model.change_set import StagedRecord
from datavc.model.commit import TreeRef
from datavc.model.datum import Datum, plan_datums
from datavc.model.job import DatumState
from datavc.model.pipeline import PipelineSpec
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.lookup import lookup
from datavc.model.tree.scan import scan
from datavc.versioning.versioned_store import VersionedStore

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class JobInputs:
    """What a job reads: its input commits, all known by now, and their trees."""

    inputs: tuple[JobInput, ...]
    commits: Mapping[tuple[str, str], str]
    trees: Mapping[tuple[str, str], TreeRef]


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


def resolve_inputs(conn: Connection, job: JobRow) -> JobInputs:
    """Find the commits that the upstream jobs of the run have made, and all input trees.

    Raises:
        Conflict: an upstream pipeline has never put anything out, or an input commit is gone.
    """
    made = {upstream.pipeline: upstream for upstream in jobs.upstream(conn, job.id)}
    inputs = tuple(
        replace(source, commit=source.commit or _output_of(conn, made.get(source.repo)))
        for source in job.inputs
    )
    found = commits.get_many(conn, [source.commit for source in inputs if source.commit])
    by_branch: dict[tuple[str, str], str] = {}
    for source in inputs:
        if source.commit not in found:
            raise Conflict(
                f"input {source.repo}@{source.commit or source.branch} of the job is gone",
                hint="commit to the input again, or update the pipeline",
            )
        by_branch[source.repo, source.branch] = source.commit
    trees = {branch: found[commit].tree for branch, commit in by_branch.items()}
    return JobInputs(inputs, by_branch, trees)


def _output_of(conn: Connection, job: JobRow | None) -> str | None:
    """The output commit that holds after *job*: its own, or the last one when nothing changed."""
    while job is not None and job.output is None:
        job = jobs.last_success(conn, job.pipeline_id, before=job.sequence)
    return None if job is None else job.output


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
    last = jobs.last_success(conn, job.pipeline_id, before=job.sequence)
    if last is None or last.meta is None or _output_of(conn, last) != branch.head:
        return JobBase(branch.head, EMPTY_TREE, EMPTY_TREE, head_tree)
    return JobBase(branch.head, head_tree, last.meta, head_tree)


def plan_job(
    vs: VersionedStore,
    job: JobRow,
    pipeline: PipelineRow,
    spec: PipelineSpec,
    inputs: JobInputs,
    code_digest: str,
) -> JobPlan:
    """Plan *job*.

    Raises:
        DuplicateOutput: two datums that are done already wrote the same path.
        Conflict: the output branch is gone.
    """
    salt = pipeline.salt + (job.id if spec.reprocess_every_job else "")
    planned = {
        datum.key: datum
        for datum in plan_datums(spec.input, inputs.trees, vs.nodes, code_digest, salt)
    }
    with vs.db.read() as conn:
        base = find_base(conn, job, pipeline)
    in_base = {bytes.fromhex(path) for path, _ in scan(base.meta, vs.nodes)}
    new = [key for key in planned if key not in in_base]
    with vs.db.read() as conn:
        known = datums.get_many(conn, job.pipeline_id, new)
        own = _done_by(conn, job.id) if known else set()
    done = {key: row.output for key, row in known.items()}
    gone = tuple(sorted(key.hex() for key in in_base if key not in planned))
    processed = sum(key in own for key in done)
    return JobPlan(
        base=base,
        gone=gone,
        done=done,
        pending=tuple(planned[key] for key in new if key not in done),
        counts=DatumCounts(
            total=len(planned),
            processed=processed,
            skipped=len(planned) - len(new) + len(done) - processed,
        ),
        ledger=_open_ledger(vs, base, gone, planned, done),
    )


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
    vs: VersionedStore,
    base: JobBase,
    gone: tuple[str, ...],
    planned: Mapping[bytes, Datum],
    done: Mapping[bytes, StagedRecord],
) -> OutputLedger:
    def owner_in_base(path: str) -> str:
        for key, entry in scan(base.meta, vs.nodes):
            datum = planned.get(bytes.fromhex(key))
            facts = read_facts(vs, key, entry)
            if datum is not None and any(name == path for name, _ in read_output(vs, facts)):
                return describe(datum)
        return "of the last job"

    ledger = OutputLedger(base.output, vs.nodes, _paths_of(vs, base, gone), owner_in_base)
    for key, output in done.items():
        ledger.add(planned[key], read_output(vs, output))
    return ledger


def _paths_of(vs: VersionedStore, base: JobBase, gone: tuple[str, ...]) -> Iterator[str]:
    for key in gone:
        entry = lookup(base.meta, key, vs.nodes)
        if entry is not None:
            for path, _ in read_output(vs, read_facts(vs, key, entry)):
                yield path
