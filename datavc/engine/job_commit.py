"""The end of a job that went well: its output commit, or the news that nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from datavc.db import job_claims, job_events, packs
from datavc.db.clock import now_us
from datavc.db.job_claims import JobFacts
from datavc.db.jobs import DatumCounts, JobRow
from datavc.db.pipelines import PipelineRow
from datavc.engine.datum_facts import encode_facts
from datavc.engine.job_inputs import JobInputs
from datavc.engine.job_plan import JobPlan
from datavc.engine.job_rights import JobRights
from datavc.errors import LostRace
from datavc.model.account import account_of_pipeline
from datavc.model.change_set import StagedRecord
from datavc.model.commit import Provenance, TreeRef
from datavc.model.entry import Change
from datavc.model.job import JobState
from datavc.model.tree.apply import apply_changes
from datavc.store.content import ContentWriter
from datavc.store.pack_session import PackSession
from datavc.versioning.commits import commit_tree
from datavc.versioning.nodes import SessionSink
from datavc.versioning.relied_packs import packs_written
from datavc.versioning.versioned_store import VersionedStore

#: Records of the meta tree that are written together.
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class FinishedJob:
    """A job whose datums are all done."""

    job: JobRow
    owner: str
    pipeline: PipelineRow
    #: Digest of the pipeline version: image, command, environment.
    code_digest: str
    inputs: JobInputs
    plan: JobPlan
    #: Outputs of all datums that are not in the plan's base.
    outputs: Mapping[bytes, StagedRecord]
    counts: DatumCounts
    rights: JobRights
    #: Whether there is more to do once it is committed.
    has_egress: bool = False


def commit_job(vs: VersionedStore, done: FinishedJob) -> None:
    """Build the job's output, commit it, and end the job as a success, in one SQL transaction.

    With an egress to be done, the job is not over then, but ``EGRESSING``.

    An output that equals the branch's head makes no new commit.

    Raises:
        PathConflict: one datum wrote a file where another one wrote a folder.
        LostRace: the job is somebody else's by now; nothing was committed.
        AccessDenied: the pipeline may not write there any more; nothing was committed.
    """
    with vs.db.write() as conn:
        _move_on(conn, done, JobState.FINISHING, JobFacts(counts=done.counts))
    base = done.plan.base
    with vs.objects.session(vs.chunks) as session:
        sink = SessionSink(session)
        output = apply_changes(base.output, done.plan.ledger.changes(), vs.nodes, sink)
        meta = apply_changes(base.meta, _meta_changes(vs, session, done), vs.nodes, sink)
        written = packs_written(session.finish())

    def end(conn: Connection, commit: str | None) -> None:
        done.rights.check_output(conn)
        packs.check_known(conn, written)
        facts = JobFacts(output=commit, counts=done.counts, meta=meta)
        state = JobState.EGRESSING if done.has_egress else JobState.SUCCESS
        _move_on(conn, done, state, facts)
        what = f"commit {commit}" if commit else "the output did not change"
        text = f"{state.value}: {what}"
        job_events.add(conn, done.job.id, text, time_us=now_us())
        if commit is not None:
            done.rights.write_down(conn)

    if base.head is not None and output.digest == base.head_tree.digest:
        with vs.db.write() as conn:
            end(conn, None)
    else:
        _commit(vs, done, output, end, written)


def _commit(
    vs: VersionedStore,
    done: FinishedJob,
    output: TreeRef,
    end: Callable[[Connection, str | None], None],
    written: set[bytes],
) -> None:
    pipeline = done.pipeline
    name = f"{pipeline.name}@{pipeline.version}"
    commit_tree(
        vs,
        pipeline.output_repo,
        pipeline.output_branch,
        output,
        message=f"{name}: job {done.job.id}",
        author=account_of_pipeline(pipeline.name),
        provenance=Provenance(
            commits=tuple(sorted(set(done.inputs.commits.values()))),
            pipeline=name,
            pipeline_digest=done.code_digest,
        ),
        run_id=done.job.run_id,
        expected_head=done.plan.base.head,
        extra=end,
        relies_on=written,
    )


def _move_on(conn: Connection, done: FinishedJob, state: JobState, facts: JobFacts) -> None:
    if not job_claims.transition(conn, done.job.id, done.owner, state, facts):
        raise LostRace(f"job {done.job.id} was taken over or stopped")


def _meta_changes(vs: VersionedStore, session: PackSession, done: FinishedJob) -> Iterator[Change]:
    """The changes to the base's meta tree, sorted by path."""
    records = {key.hex(): output for key, output in done.outputs.items()}
    paths = iter(sorted({*records, *done.plan.gone}))
    writer = ContentWriter(session, vs.chunks)
    while batch := list(islice(paths, _BATCH)):
        added = [path for path in batch if path in records]
        entries = writer.write_small([encode_facts(records[path]) for path in added])
        by_path = dict(zip(added, entries, strict=True))
        for path in batch:
            yield path, by_path.get(path)
