"""What people do to pipelines that are there: stop them, start them, run them by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from datavc.db import job_events, jobs, pipelines
from datavc.db.clock import now_us
from datavc.db.pipelines import PipelineRow
from datavc.engine.jobs import find_job
from datavc.engine.pipelines import get_pipeline, kill_jobs
from datavc.engine.run_jobs import BranchName, all_pipelines, create_run_jobs, head_of
from datavc.engine.triggers import handle_some
from datavc.errors import Conflict, InvalidInput, NotFound
from datavc.model.ids import new_id
from datavc.model.job import JobInfo, JobState, PipelineInfo
from datavc.model.pipeline import parse_pipeline_spec
from datavc.model.service import is_standing
from datavc.versioning.resolve import get_commit
from datavc.versioning.versioned_store import VersionedStore

#: Called in the transaction that makes jobs, with those.
Extra = Callable[[Connection, Sequence[JobInfo]], None]


def stop_pipeline(vs: VersionedStore, name: str, author: str) -> PipelineInfo:
    """Let a pipeline run no jobs until it is started again, and kill those that are not over.

    A pipeline that is stopped already stays so.

    Raises:
        NotFound: there is no such pipeline.
    """
    with vs.db.write() as conn:
        _settle_events(vs, conn, name)
        row = _find(conn, name)
        pipelines.set_state(conn, row.id, "stopped")
        kill_jobs(conn, row, f"{author} stopped the pipeline")
    return get_pipeline(vs, name)


def start_pipeline(vs: VersionedStore, name: str, author: str) -> list[JobInfo]:
    """Let a stopped pipeline run again.

    Returns:
        One job over the current heads, however many commits were missed, or none when nothing
        was missed, an input has no commit yet, or the pipeline was not stopped.

    Raises:
        NotFound: there is no such pipeline.
    """
    with vs.db.write() as conn:
        _settle_events(vs, conn, name)
        row = _find(conn, name)
        if row.state == "running":
            return []
        pipelines.set_state(conn, row.id, "running")
        if not _has_missed(conn, row):
            return []
        created = create_run_jobs(conn, new_id(), roots={row.id})
        for job in created[:1]:
            job_events.add(conn, job, f"{author} started the pipeline", time_us=now_us())
        return [find_job(conn, job).info for job in created[:1]]


def run_pipeline(
    vs: VersionedStore,
    name: str,
    author: str,
    commits: Sequence[tuple[str, str]] = (),
    *,
    parameters: Mapping[str, str] | None = None,
    extra: Extra | None = None,
) -> JobInfo:
    """Make a job over the current heads, or over given commits of some inputs.

    Args:
        vs: where the pipeline is.
        name: the pipeline.
        author: who runs it.
        commits: ``(repo, ref)`` of inputs that are to be read there rather than at their heads. A
            ref that is a branch which the pipeline reads means the head of that one.
        parameters: values of variables of the spec's ``transform.env``, for this job alone.
        extra: called in the transaction that makes the job, with that.

    Raises:
        NotFound: there is no such pipeline, repo or ref.
        InvalidInput: the pipeline does not read the repo, or reads several branches of it; or it
            has no such parameter.
        Conflict: the pipeline is stopped, or an input has no commit yet.
    """
    reads = _find_reads(vs, name)
    pinned = {
        _branch_of(name, reads, repo, ref): get_commit(vs, repo, ref).id for repo, ref in commits
    }
    with vs.db.write() as conn:
        _settle_events(vs, conn, name)
        row = _find(conn, name)
        if row.state != "running":
            raise Conflict(
                f"pipeline {name!r} is stopped", hint=f"start it: datavc pipeline start {name}"
            )
        given = _check_parameters(row, parameters or {})
        created = create_run_jobs(conn, new_id(), roots={row.id}, pinned=pinned, parameters=given)
        if not created and is_standing(row.spec):
            raise Conflict(
                f"service {name!r} runs already, on what there is to read",
                hint=f"start it anew: datavc pipeline stop {name}, and start",
            )
        if not created:
            _refuse_missing_input(conn, row, pinned)
        job_events.add(conn, created[0], f"{author} runs the pipeline", time_us=now_us())
        made = find_job(conn, created[0]).info
        if extra is not None:
            extra(conn, [made])
        return made


def run_readers(
    vs: VersionedStore, branch: BranchName, author: str, *, extra: Extra | None = None
) -> list[JobInfo]:
    """Make a job of every pipeline that reads a branch, over the current heads, in one run.

    Args:
        vs: where the pipelines are.
        branch: repo and branch; it stays where it is.
        author: who runs them.
        extra: called in the transaction that makes the jobs, with those.

    Returns:
        The jobs of those pipelines; those downstream of them are made, too.

    Raises:
        Conflict: nothing reads the branch, or what does is stopped or lacks an input.
    """
    name = "@".join(branch)
    with vs.db.write() as conn:
        _settle_events(vs, conn, name)
        readers = [
            row
            for row in all_pipelines(conn)
            if any((source.repo, source.branch) == branch for source in row.inputs)
        ]
        if not readers:
            raise Conflict(f"no pipeline reads {name}", hint="see `datavc pipeline list`")
        run_id = new_id()
        created = create_run_jobs(conn, run_id, roots={row.id for row in readers})
        names = {row.name for row in readers}
        made = [
            job for job in (find_job(conn, one).info for one in created) if job.pipeline in names
        ]
        if not made:
            raise Conflict(
                f"nothing that reads {name} can be run: {', '.join(sorted(names))}",
                hint="start what is stopped, and commit to inputs that are empty",
            )
        # Services are in runs of their own, which nobody waits for.
        made.sort(key=lambda job: job.run_id != run_id)
        for job in made:
            job_events.add(conn, job.id, f"{author} runs what reads {name}", time_us=now_us())
        if extra is not None:
            extra(conn, made)
        return made


def _check_parameters(row: PipelineRow, parameters: Mapping[str, str]) -> Mapping[str, str]:
    if parameters and is_standing(row.spec):
        raise InvalidInput(
            f"pipeline {row.name!r} keeps one program running, which takes no parameters",
            hint="write the values into its spec",
        )
    parse_pipeline_spec(row.spec).with_parameters(parameters)
    return parameters


def _settle_events(vs: VersionedStore, conn: Connection, name: str) -> None:
    """What landed before belongs to the pipelines as they were then."""
    while handle_some(vs, conn, f"pipeline {name}", {}):
        pass


def _find(conn: Connection, name: str) -> PipelineRow:
    row = pipelines.find(conn, name)
    if row is None:
        raise NotFound(f"pipeline {name!r} does not exist", hint="see `datavc pipeline list`")
    return row


def _find_reads(vs: VersionedStore, name: str) -> list[BranchName]:
    with vs.db.read() as conn:
        return [(source.repo, source.branch) for source in _find(conn, name).inputs]


def _branch_of(name: str, reads: Sequence[BranchName], repo: str, ref: str) -> BranchName:
    """The branch that the pipeline is to read at *ref*."""
    candidates = sorted({branch for branch in reads if branch[0] == repo})
    if (repo, ref) in candidates:
        return repo, ref
    if not candidates:
        raise InvalidInput(
            f"pipeline {name!r} does not read the repo {repo!r}",
            hint=f"it reads {', '.join(sorted({read[0] for read in reads}))}",
        )
    if len(candidates) > 1:
        raise InvalidInput(
            f"pipeline {name!r} reads several branches of {repo!r}: "
            f"{', '.join(branch for _, branch in candidates)}",
            hint="move the branch that is meant, or run it on the heads",
        )
    return candidates[0]


def _refuse_missing_input(
    conn: Connection, row: PipelineRow, pinned: Mapping[BranchName, str]
) -> None:
    for source in row.inputs:
        branch = (source.repo, source.branch)
        if branch not in pinned and head_of(conn, *branch) is None:
            raise Conflict(
                f"{source.repo}@{source.branch}, an input of pipeline {row.name!r}, has no commit",
                hint="commit to it",
            )
    raise Conflict(f"pipeline {row.name!r} cannot be run")


def _has_missed(conn: Connection, row: PipelineRow) -> bool:
    """Whether the last job did not do what a job on the current heads would do."""
    last = jobs.list_jobs(conn, pipeline_id=row.id, limit=1, reproducing=False)
    if not last or last[0].state is not JobState.SUCCESS or last[0].version != row.version:
        return True
    return any(
        source.commit != head_of(conn, source.repo, source.branch) for source in last[0].inputs
    )
