"""Making a commit's output once more: the same code, image and inputs, and nothing reused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from datavc.db import commits, job_claims, job_events, jobs, reproductions, retention
from datavc.db.clock import now_us
from datavc.db.job_claims import JobFacts
from datavc.db.jobs import DatumCounts, JobRow
from datavc.engine.datum_plan import DatumPlanner
from datavc.engine.job_inputs import JobInputs
from datavc.engine.job_plan import JobBase, JobCode, JobPlan
from datavc.engine.output_ledger import OutputLedger
from datavc.errors import Conflict, Expired, InvalidInput, LostRace, NotFound
from datavc.model.commit import TreeRef
from datavc.model.entry import Entry
from datavc.model.glob import Glob
from datavc.model.ids import new_id
from datavc.model.job import JobInfo, JobState
from datavc.model.reproduction import (
    ReproducedDifference,
    Reproduction,
    ReproductionOrder,
    Verdict,
)
from datavc.model.tolerance import differs_beyond
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.scan import scan
from datavc.store.content import read_content
from datavc.versioning.repos import find_repo
from datavc.versioning.resolve import find_commit
from datavc.versioning.versioned_store import VersionedStore

#: Differences that are written down; all are counted.
_LISTED = 100
#: Metrics are small; what is larger is compared bit by bit, in bytes.
_METRICS_SIZE = 16 * 1024 * 1024


def start_reproduction(
    vs: VersionedStore,
    repo: str,
    ref: str,
    author: str,
    *,
    tolerance: float = 0.0,
    metrics: tuple[str, ...] = (),
) -> JobInfo:
    """Queue a job that makes a commit's output once more and compares it, file by file.

    It runs the version of the pipeline that made the commit, in the image that it ran in, over
    the same input commits. No output is reused, and nothing of what it makes becomes visible.

    Args:
        vs: where.
        repo: a pipeline's output repo.
        ref: the commit.
        author: who wants to know.
        tolerance: how much numbers may differ; see
            :func:`~datavc.model.tolerance.differs_beyond`.
        metrics: globs of the files in which they may.

    Raises:
        NotFound: there is no such commit, or the pipeline that made it was deleted.
        InvalidInput: no pipeline made it, or *tolerance* or *metrics* make no sense.
        Expired: the content of the commit, or of one it was made from, was given up.
    """
    _check_closeness(tolerance, metrics)
    with vs.db.write() as conn:
        commit_id, commit = find_commit(conn, find_repo(conn, repo), ref)
        if commit.provenance.pipeline is None:
            raise InvalidInput(
                f"commit {commit_id[:12]} of repo {repo!r} was made by no pipeline",
                hint="only what a pipeline has made can be made once more",
            )
        made_by = jobs.by_output(conn, commit.run_id, commit_id)
        if made_by is None:
            raise NotFound(
                f"the job that made commit {commit_id[:12]} is gone: "
                f"pipeline {commit.provenance.pipeline} was deleted",
                hint="its spec is lost with it",
            )
        for source in made_by.inputs:
            if source.commit is not None and retention.is_expired(conn, source.commit):
                raise Expired(
                    f"the content of its input {source.repo}@{source.commit[:12]} was given up",
                    hint="it cannot be made once more",
                )
        job_id = new_id()
        jobs.create(
            conn,
            job_id,
            pipeline_id=made_by.pipeline_id,
            version=made_by.version,
            run_id=new_id(),
            inputs=made_by.inputs,
            parameters=made_by.parameters,
            reproduces=ReproductionOrder(repo, commit_id, author, tolerance, metrics),
            time_us=now_us(),
        )
        job_events.add(conn, job_id, f"asked for by {author}", time_us=now_us())
        made = jobs.find(conn, job_id)
    if made is None:
        raise NotFound("the pipeline was deleted meanwhile")
    return made.info


def repos_read(vs: VersionedStore, repo: str, ref: str) -> tuple[str, ...]:
    """The repos that making a commit's output once more reads; none for what no job has made.

    Raises:
        NotFound: there is no such commit.
    """
    with vs.db.read() as conn:
        commit_id, commit = find_commit(conn, find_repo(conn, repo), ref)
        made_by = jobs.by_output(conn, commit.run_id, commit_id)
    return () if made_by is None else tuple(sorted({one.repo for one in made_by.inputs}))


def list_reproductions(vs: VersionedStore, repo: str, ref: str) -> list[Reproduction]:
    """What came of making a commit's output once more, newest first.

    Raises:
        NotFound: there is no such commit.
    """
    with vs.db.read() as conn:
        commit_id, _ = find_commit(conn, find_repo(conn, repo), ref)
        return reproductions.of_commit(conn, commit_id)


def check_same_code(vs: VersionedStore, order: ReproductionOrder, code: JobCode) -> None:
    """Make sure that what is about to run is what made the commit.

    Raises:
        Conflict: it is not: another image, or another executor.
    """
    with vs.db.read() as conn:
        commit = commits.find(conn, order.commit)
    if commit is None:
        raise NotFound(f"commit {order.commit[:12]} was deleted meanwhile")
    if commit.provenance.pipeline_digest != code.digest:
        raise Conflict(
            f"what made commit {order.commit[:12]} cannot be run here: its image or its executor "
            f"was another one than executor {code.executor} gives now",
            hint="bring the image back under its name, or use the executor of that job",
        )


def plan_again(vs: VersionedStore, job: JobRow, inputs: JobInputs, code: JobCode) -> JobPlan:
    """Every datum is to be run, and there is nothing to build upon."""
    every = DatumPlanner(vs, code.spec, inputs, code.digest, job.id).every()
    return JobPlan(
        base=JobBase(None, EMPTY_TREE, EMPTY_TREE, EMPTY_TREE),
        gone=(),
        done={},
        pending=tuple(every.values()),
        counts=DatumCounts(total=len(every)),
        ledger=OutputLedger(EMPTY_TREE, vs.nodes, (), lambda _: ""),
    )


def end_reproduction(
    vs: VersionedStore,
    job: JobRow,
    owner: str,
    order: ReproductionOrder,
    ledger: OutputLedger,
    counts: DatumCounts,
) -> None:
    """Compare what was made with the commit, write the verdict down, and end the job.

    Raises:
        LostRace: the job is somebody else's by now.
        NotFound: the commit is gone.
    """
    with vs.db.write() as conn:
        if not job_claims.transition(
            conn, job.id, owner, JobState.FINISHING, JobFacts(counts=counts)
        ):
            raise LostRace(f"job {job.id} was taken over or stopped")
        commit = commits.find(conn, order.commit)
    if commit is None:
        raise NotFound(f"commit {order.commit[:12]} was deleted meanwhile")
    made = {path: entry for path, entry in ledger.changes() if entry is not None}
    done = _Comparison(vs, order).run(job, commit.tree, made)
    if done.verdict is Verdict.DIFFERENT:
        state, reason = JobState.FAILURE, _reason(done)
    else:
        state, reason = JobState.SUCCESS, ""
    with vs.db.write() as conn:
        facts = JobFacts(reason=reason, counts=counts)
        if not job_claims.transition(conn, job.id, owner, state, facts):
            raise LostRace(f"job {job.id} was taken over or stopped")
        reproductions.add(conn, done)
        text = f"{state.value}: {reason or done.verdict.value.replace('_', ' ')}"
        job_events.add(conn, job.id, text, time_us=now_us())


class _Comparison:
    """Compares a commit's files with those that were made now."""

    def __init__(self, vs: VersionedStore, order: ReproductionOrder) -> None:
        self._vs = vs
        self._order = order
        self._metrics = [Glob(pattern) for pattern in order.metrics]
        self._files = 0
        self._has_tolerated = False

    def run(self, job: JobRow, tree: TreeRef, made: Mapping[str, Entry]) -> Reproduction:
        """Compare them all."""
        different = 0
        listed: list[ReproducedDifference] = []
        for difference in self._differences(tree, made):
            different += 1
            if len(listed) < _LISTED:
                listed.append(difference)
        verdict = Verdict.WITHIN_TOLERANCE if self._has_tolerated else Verdict.SAME
        order = self._order
        return Reproduction(
            job=job.id,
            repo=order.repo,
            commit=order.commit,
            verdict=Verdict.DIFFERENT if different else verdict,
            files=self._files,
            different=different,
            differences=tuple(listed),
            tolerance=order.tolerance,
            metrics=order.metrics,
            author=order.author,
            time_us=now_us(),
        )

    def _differences(
        self, tree: TreeRef, made: Mapping[str, Entry]
    ) -> Iterator[ReproducedDifference]:
        left = dict(made)
        for path, entry in scan(tree, self._vs.nodes):
            self._files += 1
            now = left.pop(path, None)
            if now is None:
                yield ReproducedDifference(path, "missing")
            elif not now.same_content(entry):
                detail = self._detail(path, entry, now)
                if detail:
                    yield ReproducedDifference(path, "different", detail)
                else:
                    self._has_tolerated = True
        for path in sorted(left):
            self._files += 1
            yield ReproducedDifference(path, "unexpected")

    def _detail(self, path: str, old: Entry, new: Entry) -> str:
        """How the files differ; ``""`` where the tolerance covers it."""
        if old.executable != new.executable:
            return "one is executable"
        if not any(glob.match(path) is not None for glob in self._metrics):
            return f"{old.size} bytes became {new.size} others"
        if max(old.size, new.size) > _METRICS_SIZE:
            return f"larger than the {_METRICS_SIZE} bytes up to which numbers are compared"
        texts = [b"".join(read_content(self._vs.objects, entry)) for entry in (old, new)]
        return differs_beyond(texts[0], texts[1], self._order.tolerance)


def _check_closeness(tolerance: float, metrics: tuple[str, ...]) -> None:
    if not 0 <= tolerance < 1:
        raise InvalidInput(
            f"a tolerance of {tolerance:g} makes no sense", hint="give a number from 0 to below 1"
        )
    if bool(tolerance) != bool(metrics):
        raise InvalidInput(
            "a tolerance needs globs of the metrics that it is meant for, and vice versa",
            hint="give both --tolerance and --metrics",
        )
    for pattern in metrics:
        Glob(pattern)


def _reason(done: Reproduction) -> str:
    first = done.differences[0]
    said = f" ({first.detail})" if first.detail else ""
    more = f", and {done.different - 1:,} more" if done.different > 1 else ""
    return f"/{first.path} is {first.kind}{said}{more}: the output was not reproduced"
