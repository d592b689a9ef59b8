"""Pipelines: creating, updating, listing and deleting them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from datavc.access import pipeline_account
from datavc.db import branches, jobs, pipelines, repos
from datavc.db.clock import now_us
from datavc.db.jobs import JobRow
from datavc.db.pipelines import InputBranch, NewVersion, PipelineRow
from datavc.engine import cron
from datavc.engine.capacity import Share
from datavc.engine.input_triggers import drop_input_triggers, set_input_triggers
from datavc.engine.job_end import end_job
from datavc.engine.resource_check import check_resources, unmet_requests
from datavc.engine.run_jobs import all_pipelines, create_run_jobs
from datavc.engine.secrets import check_secrets
from datavc.engine.triggers import handle_some
from datavc.errors import AlreadyExists, Conflict, InvalidSpec, NotFound
from datavc.model.ids import new_id
from datavc.model.job import JobState, PipelineInfo
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec
from datavc.model.pipeline_input import cron_inputs, pfs_inputs
from datavc.model.service import is_standing
from datavc.versioning.versioned_store import VersionedStore

_OPEN_STATES = tuple(state for state in JobState if not state.is_terminal)
_PAGE = 1000


def create_pipeline(
    vs: VersionedStore,
    document: Mapping[str, object],
    author: str,
    *,
    update: bool = False,
    reprocess: bool = False,
    host: Share | None = None,
) -> PipelineInfo:
    """Create a pipeline with its account and output repo, or a new version, and its first job.

    The job runs over the current heads; there is none while an input has no commit yet. An update
    kills the unfinished jobs of the version before, but for one that still waits for its input to
    be made: that one runs the new version, and no other job is needed.

    Args:
        vs: where it goes.
        document: the spec as plain data.
        author: who does this.
        update: make a new version if the pipeline exists already.
        reprocess: run every datum again, also those whose code and inputs have not changed.
        host: what there is where its jobs will probably run; what they ask for beyond that is a
            warning.

    Raises:
        InvalidSpec: the spec is malformed, asks for more than its limits, or would close a cycle.
        NotFound: an input repo, or a secret, does not exist.
        AlreadyExists: the name is taken by a repo, or by a pipeline and *update* is not set.
    """
    spec = parse_pipeline_spec(document)
    check_resources(spec)
    warnings = () if host is None else unmet_requests(spec, host)
    with vs.db.write() as conn:
        # What landed before belongs to the pipelines that were there then.
        while handle_some(vs, conn, f"pipeline {spec.name}", {}):
            pass
        current = pipelines.find(conn, spec.name)
        if current is not None and not update:
            raise AlreadyExists(
                f"pipeline {spec.name!r} exists already", hint="update it, or choose another name"
            )
        check_secrets(conn, spec.secrets)
        _check_port(conn, spec)
        ticks_made = cron.make_tick_repos(conn, spec, author)
        check_inputs(conn, spec)
        before = None if current is None else parse_pipeline_spec(current.spec)
        set_input_triggers(conn, spec, before, author)
        salt = new_id() if reprocess else current.salt if current else ""
        version = NewVersion(
            spec=dict(document),
            digest=spec.code_digest(spec.transform.image),
            inputs=[
                InputBranch(leaf.name, leaf.repo, leaf.branch) for leaf in pfs_inputs(spec.input)
            ],
            output_repo=spec.name,
            output_branch=spec.output_branch,
            author=author,
            created_us=now_us(),
            salt=salt,
        )
        if current is None:
            _make_output_repo(conn, spec, author)
            pipeline_id = pipelines.create(conn, spec.name, version)
            pipeline_account.keep_in_step(conn, spec, None, author)
            cron.plan_ticks(conn, pipeline_id, spec, None, ticks_made)
        else:
            _make_output_branch(conn, spec, author)
            number = pipelines.add_version(conn, current.id, current.version, version)
            pipeline_id = current.id
            pipeline_account.keep_in_step(conn, spec, before, author)
            cron.plan_ticks(conn, pipeline_id, spec, before, ticks_made)
            if _hand_over_waiting_jobs(conn, current, version.inputs, number):
                return replace(_info(conn, spec.name), warnings=warnings)
            kill_jobs(conn, current, f"replaced by version {number} of the pipeline")
        create_run_jobs(conn, new_id(), roots={pipeline_id})
    return replace(get_pipeline(vs, spec.name), warnings=warnings)


def list_pipelines(vs: VersionedStore) -> list[PipelineInfo]:
    """All pipelines at their current version, by name."""
    with vs.db.read() as conn:
        return pipelines.infos(conn, list(all_pipelines(conn)))


def get_pipeline(vs: VersionedStore, name: str, version: int | None = None) -> PipelineInfo:
    """One pipeline, at its current version or the one asked for.

    Raises:
        NotFound: there is no such pipeline or version.
    """
    with vs.db.read() as conn:
        return _info(conn, name, version)


def delete_pipeline(vs: VersionedStore, name: str, author: str, *, force: bool = False) -> None:
    """Delete a pipeline with its account, jobs, output repo and the repos made for its ticks.

    Raises:
        NotFound: there is no such pipeline.
        Conflict: other pipelines read its output, and *force* is not set.
    """
    with vs.db.write() as conn:
        row = pipelines.find(conn, name)
        if row is None:
            raise NotFound(f"pipeline {name!r} does not exist", hint="see `datavc pipeline list`")
        readers = [user for user in pipelines.users_of(conn, row.output_repo) if user != name]
        if readers and not force:
            raise Conflict(
                f"pipeline {name!r} is read by {', '.join(readers)}",
                hint="delete those first, or use --force",
            )
        kill_jobs(conn, row, "the pipeline was deleted")
        ticks = cron.tick_repos_made(conn, row.id)
        drop_input_triggers(conn, parse_pipeline_spec(row.spec), author)
        pipelines.remove(conn, row.id)
        pipeline_account.remove_account(conn, name)
        unused = [repo for repo in ticks if not pipelines.users_of(conn, repo)]
        for repo in (row.output_repo, *unused):
            found = repos.find(conn, repo)
            if found is not None:
                repos.remove(conn, found.id, author=author, time_us=now_us())


def _info(conn: Connection, name: str, version: int | None = None) -> PipelineInfo:
    row = pipelines.find(conn, name, version)
    if row is None:
        what = f"pipeline {name!r}" if version is None else f"version {version} of {name!r}"
        raise NotFound(f"{what} does not exist", hint="see `datavc pipeline list`")
    return pipelines.infos(conn, [row])[0]


def check_name(conn: Connection, spec: PipelineSpec) -> None:
    """Refuse a new pipeline whose name is a repo's already.

    Raises:
        AlreadyExists: it is.
    """
    if pipelines.find(conn, spec.name) is None and repos.find(conn, spec.name) is not None:
        raise AlreadyExists(
            f"repo {spec.name!r} exists already, and a pipeline's output repo has its name",
            hint="choose another name",
        )


def check_inputs(
    conn: Connection, spec: PipelineSpec, planned: Mapping[str, PipelineSpec] | None = None
) -> None:
    """Refuse a pipeline that reads what does not exist, or feeds itself.

    The repos of its own cron inputs are made with it, so they need not be there.

    Args:
        conn: the database.
        spec: the pipeline.
        planned: pipelines, by name, that would be created or updated before it.

    Raises:
        NotFound: an input repo does not exist.
        InvalidSpec: the pipeline would feed itself.
    """
    before = planned or {}
    made = {*before, *cron_inputs(spec.input)}
    for repo, _ in spec.sources:
        if repo not in made and repos.find(conn, repo) is None:
            raise NotFound(
                f"repo {repo!r}, an input of pipeline {spec.name!r}, does not exist",
                hint="create the repo first",
            )
    reads = {
        row.output_repo: {source.repo for source in row.inputs}
        for row in all_pipelines(conn)
        if row.name != spec.name
    }
    reads |= {name: {repo for repo, _ in other.sources} for name, other in before.items()}
    for repo, _ in spec.sources:
        cycle = _path_to(spec.name, repo, reads, ())
        if cycle:
            raise InvalidSpec(
                f"pipeline {spec.name!r} would feed itself: {' <- '.join((spec.name, *cycle))}",
                hint="remove one of these inputs",
            )


def _check_port(conn: Connection, spec: PipelineSpec) -> None:
    """Engines may share a host, so a port belongs to one service."""
    if spec.service is None:
        return
    for row in all_pipelines(conn):
        other = parse_pipeline_spec(row.spec).service if is_standing(row.spec) else None
        port = spec.service.external_port
        if other is not None and row.name != spec.name and other.external_port == port:
            raise Conflict(
                f"service.external_port: {port} is that of service {row.name!r}",
                hint="choose another port",
            )


def _path_to(
    goal: str, repo: str, reads: Mapping[str, set[str]], seen: tuple[str, ...]
) -> tuple[str, ...]:
    """The repos from *repo* up to *goal* through pipelines; empty when there is no such way."""
    if repo == goal:
        return (*seen, repo)
    for source in sorted(reads.get(repo, ())):
        found = _path_to(goal, source, reads, (*seen, repo))
        if found:
            return found
    return ()


def _make_output_repo(conn: Connection, spec: PipelineSpec, author: str) -> None:
    time_us = now_us()
    check_name(conn, spec)
    repo = repos.create(
        conn,
        spec.name,
        description=spec.description,
        default_branch=spec.output_branch,
        time_us=time_us,
    )
    branches.create(
        conn,
        repo.id,
        spec.output_branch,
        None,
        author=author,
        reason=f"output of pipeline {spec.name}",
        time_us=time_us,
    )


def _make_output_branch(conn: Connection, spec: PipelineSpec, author: str) -> None:
    repo = repos.get(conn, spec.name)
    if branches.find(conn, repo.id, spec.output_branch) is None:
        branches.create(
            conn,
            repo.id,
            spec.output_branch,
            None,
            author=author,
            reason=f"output of pipeline {spec.name}",
            time_us=now_us(),
        )


def kill_jobs(
    conn: Connection, row: PipelineRow, reason: str, *, but: Collection[str] = ()
) -> None:
    """End all jobs of a pipeline that are not over, but for some."""
    for job in _unfinished_jobs(conn, row):
        if job.id not in but:
            end_job(conn, job, None, JobState.KILLED, reason)


def _hand_over_waiting_jobs(
    conn: Connection, row: PipelineRow, inputs: Sequence[InputBranch], version: int
) -> bool:
    """Let jobs whose input an upstream job is still to make run *version*; kill the others.

    Killing those too would lose the upstream job's output: it triggers nothing that its run has
    a job for already. Returns whether there is such a job.
    """
    if set(inputs) != set(row.inputs):
        return False
    waiting = [
        job.id
        for job in _unfinished_jobs(conn, row)
        if job.state is JobState.WAITING and any(source.commit is None for source in job.inputs)
    ]
    if waiting:
        jobs.set_version(conn, waiting, version)
        kill_jobs(conn, row, f"replaced by version {version} of the pipeline", but=waiting)
    return bool(waiting)


def _unfinished_jobs(conn: Connection, row: PipelineRow) -> list[JobRow]:
    return jobs.list_jobs(conn, pipeline_id=row.id, states=_OPEN_STATES, limit=_PAGE * _PAGE)
