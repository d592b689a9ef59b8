"""What a job reads: the commits that are its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from datavc.db import commits, jobs
from datavc.db.jobs import JobInput, JobRow
from datavc.errors import Conflict
from datavc.model.commit import TreeRef


@dataclass(frozen=True, slots=True)
class JobInputs:
    """What a job reads: its input commits, all known by now, and their trees."""

    inputs: tuple[JobInput, ...]
    commits: Mapping[tuple[str, str], str]
    trees: Mapping[tuple[str, str], TreeRef]


def resolve_inputs(conn: Connection, job: JobRow) -> JobInputs:
    """Find the commits that the upstream jobs of the run have made, and all input trees.

    Raises:
        Conflict: an upstream pipeline has never put anything out, or an input commit is gone.
    """
    made = {upstream.pipeline: upstream for upstream in jobs.upstream(conn, job.id)}
    inputs = tuple(
        replace(source, commit=source.commit or output_after(conn, made.get(source.repo)))
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


def output_after(conn: Connection, job: JobRow | None) -> str | None:
    """The output commit that holds after *job*: its own, or the last one when nothing changed."""
    while job is not None and job.output is None:
        job = jobs.last_landed(conn, job.pipeline_id, before=job.sequence)
    return None if job is None else job.output
