"""Making the jobs of a run: one for every pipeline downstream of what started it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from graphlib import TopologicalSorter

from sqlalchemy import Connection

from datavc.db import branches, jobs, pipelines, repos
from datavc.db.clock import now_us
from datavc.db.jobs import JobInput, JobRow
from datavc.db.pipelines import PipelineRow
from datavc.engine.job_end import mark_unrunnable
from datavc.model.ids import new_id
from datavc.model.service import is_standing

_PAGE = 1000
#: A branch: repo and name.
BranchName = tuple[str, str]


def create_run_jobs(
    conn: Connection,
    run_id: str,
    *,
    landed: Mapping[BranchName, str] | None = None,
    roots: Collection[int] = (),
    pinned: Mapping[BranchName, str] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> list[str]:
    """Make the jobs that a run still lacks, and return their ids in topological order.

    A pipeline gets at most one job in a run, however many of its inputs changed. Each job's
    input commits are fixed here, except those that an upstream job of the run is still to make.
    A pipeline with an input that has no commit at all gets no job.

    Args:
        conn: a connection that may write.
        run_id: the run.
        landed: branches that got a new head in this run, with their commits.
        roots: ids of pipelines that get a job in any case.
        pinned: commits at which the run's jobs read branches rather than at their heads; unlike
            *landed*, they trigger nothing.
        parameters: of the jobs of *roots*.
    """
    new_heads = dict(landed or {})
    heads = new_heads | dict(pinned or {})
    present = {job.pipeline_id: job for job in _jobs_of_run(conn, run_id)}
    made: dict[BranchName, str] = {}
    created: list[str] = []
    for row in in_topological_order(all_pipelines(conn)):
        output = (row.output_repo, row.output_branch)
        if row.state != "running":
            continue
        if row.id in present:
            made[output] = present[row.id].id
            continue
        reads = [(source.repo, source.branch) for source in row.inputs]
        if is_standing(row.spec):
            if row.id in roots or any(name in new_heads for name in reads):
                created += _create_standing_job(conn, row, heads)
            continue
        if row.id not in roots and not any(name in new_heads or name in made for name in reads):
            continue
        inputs = _pin_inputs(conn, row, heads, made)
        if inputs is None:
            continue
        upstream = [made[name] for name in reads if name in made]
        given = parameters if row.id in roots else None
        made[output] = _create_job(conn, row, run_id, inputs, upstream, parameters=given)
        created.append(made[output])
    return created


def all_pipelines(conn: Connection) -> list[PipelineRow]:
    """Every pipeline at its current version, by name."""
    rows: list[PipelineRow] = []
    page = pipelines.list_pipelines(conn, limit=_PAGE)
    while page:
        rows += page
        page = pipelines.list_pipelines(conn, after=page[-1].name, limit=_PAGE)
    return rows


def in_topological_order(rows: Iterable[PipelineRow]) -> list[PipelineRow]:
    """Pipelines so that each comes after those whose output it reads."""
    by_output = {row.output_repo: row for row in rows}
    graph = {
        repo: {source.repo for source in row.inputs if source.repo in by_output}
        for repo, row in sorted(by_output.items())
    }
    return [by_output[repo] for repo in TopologicalSorter(graph).static_order()]


def _create_standing_job(
    conn: Connection, row: PipelineRow, heads: Mapping[BranchName, str]
) -> list[str]:
    """A job in a run of its own, since nobody is to wait for its end; unless there is one already.

    It does not wait for what the run is still to make: that triggers it when it lands.
    """
    inputs = _pin_inputs(conn, row, heads, {})
    if inputs is None:
        return []
    last = jobs.list_jobs(conn, pipeline_id=row.id, limit=1)
    is_current = last and not last[0].state.is_terminal and last[0].version == row.version
    if is_current and list(last[0].inputs) == inputs:
        return []
    return [_create_job(conn, row, new_id(), inputs, (), standing=True)]


def _jobs_of_run(conn: Connection, run_id: str) -> list[JobRow]:
    return jobs.list_jobs(conn, run_id=run_id, limit=_PAGE * _PAGE)


def _pin_inputs(
    conn: Connection,
    row: PipelineRow,
    heads: Mapping[BranchName, str],
    made: Mapping[BranchName, str],
) -> list[JobInput] | None:
    """The inputs with their commits, or ``None`` when one has none."""
    inputs: list[JobInput] = []
    for source in row.inputs:
        name = (source.repo, source.branch)
        if name in made:
            inputs.append(JobInput(source.name, source.repo, source.branch, None))
            continue
        commit = heads.get(name) or head_of(conn, *name)
        if commit is None:
            return None
        inputs.append(JobInput(source.name, source.repo, source.branch, commit))
    return inputs


def head_of(conn: Connection, repo_name: str, branch_name: str) -> str | None:
    """The commit at the head of a branch, or ``None`` when there is none, or no such branch."""
    repo = repos.find(conn, repo_name)
    branch = None if repo is None else branches.find(conn, repo.id, branch_name)
    return None if branch is None else branch.head


def _create_job(
    conn: Connection,
    row: PipelineRow,
    run_id: str,
    inputs: Sequence[JobInput],
    upstream: Sequence[str],
    *,
    standing: bool = False,
    parameters: Mapping[str, str] | None = None,
) -> str:
    job_id = new_id()
    jobs.create(
        conn,
        job_id,
        pipeline_id=row.id,
        version=row.version,
        run_id=run_id,
        inputs=inputs,
        upstream=upstream,
        standing=standing,
        parameters=parameters,
        time_us=now_us(),
    )
    for before in jobs.upstream(conn, job_id):
        if before.state.is_terminal and not before.has_landed:
            mark_unrunnable(conn, job_id, before)
    return job_id
