"""Queries on pipelines and their versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from datavc.db.conflict_insert import insert_into
from datavc.db.tables import Job, Pipeline, PipelineInput, PipelineVersion
from datavc.errors import AlreadyExists, LostRace
from datavc.model.job import JobState, PipelineInfo


@dataclass(frozen=True, slots=True)
class InputBranch:
    """A branch that a pipeline version reads, under the input's name."""

    name: str
    repo: str
    branch: str


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What a version of a pipeline consists of."""

    #: The spec as it was given, plain JSON data.
    spec: Mapping[str, object]
    #: Digest of (image, cmd, stdin, env, user, ...), hex.
    digest: str
    #: In the order of the spec; a branch may appear more than once.
    inputs: Sequence[InputBranch]
    output_repo: str
    output_branch: str
    author: str
    created_us: int
    #: Sets the datum keys apart from those of equal code before a forced reprocessing.
    salt: str = ""


@dataclass(frozen=True, slots=True)
class PipelineRow:
    """A pipeline at one version."""

    id: int
    name: str
    version: int
    #: ``running`` or ``stopped``.
    state: str
    spec: dict[str, object]
    digest: str
    inputs: tuple[InputBranch, ...]
    output_repo: str
    output_branch: str
    author: str
    created_us: int
    salt: str
    #: What the image turned out to be when the version first ran; ``None`` before that.
    image_digest: str | None


def create(conn: Connection, name: str, version: NewVersion) -> int:
    """Add a running pipeline with its version 1; gives its id.

    Raises:
        AlreadyExists: the name is taken.
    """
    statement = (
        insert_into(conn, Pipeline)
        .values(name=name, version=1, state="running", job_count=0)
        .on_conflict_do_nothing()
        .returning(Pipeline.c.id)
    )
    pipeline_id = conn.execute(statement).scalar()
    if pipeline_id is None:
        raise AlreadyExists(f"pipeline {name!r} exists already", hint="update it instead")
    _add_version(conn, pipeline_id, 1, version)
    return pipeline_id


def add_version(conn: Connection, pipeline_id: int, current: int, version: NewVersion) -> int:
    """Make *version* the pipeline's current one; gives its number, which is ``current + 1``.

    Raises:
        LostRace: the current version is not *current* any more, or the pipeline is gone.
    """
    statement = (
        update(Pipeline)
        .where(Pipeline.c.id == pipeline_id, Pipeline.c.version == current)
        .values(version=current + 1)
    )
    if conn.execute(statement).rowcount != 1:
        raise LostRace("somebody else updated the pipeline meanwhile", hint="look, and try again")
    _add_version(conn, pipeline_id, current + 1, version)
    return current + 1


def find(conn: Connection, name: str, version: int | None = None) -> PipelineRow | None:
    """The pipeline called *name* at a version (the current one, unless given), or ``None``."""
    number = Pipeline.c.version if version is None else version
    statement = _rows().where(Pipeline.c.name == name, PipelineVersion.c.version == number)
    return next(iter(_with_inputs(conn, statement)), None)


def find_by_id(conn: Connection, pipeline_id: int, version: int) -> PipelineRow | None:
    """The pipeline at this version, or ``None``."""
    statement = _rows().where(Pipeline.c.id == pipeline_id, PipelineVersion.c.version == version)
    return next(iter(_with_inputs(conn, statement)), None)


def list_pipelines(conn: Connection, *, after: str = "", limit: int = 1000) -> list[PipelineRow]:
    """Pipelines at their current versions by name, from the first name past *after*."""
    statement = (
        _rows()
        .where(PipelineVersion.c.version == Pipeline.c.version, Pipeline.c.name > after)
        .order_by(Pipeline.c.name)
        .limit(limit)
    )
    return _with_inputs(conn, statement)


def triggered_by(conn: Connection, repo: str, branch: str) -> list[PipelineRow]:
    """The running pipelines whose current version reads this branch, by name."""
    readers = (
        select(PipelineInput.c.pipeline_id)
        .join(
            Pipeline,
            (Pipeline.c.id == PipelineInput.c.pipeline_id)
            & (Pipeline.c.version == PipelineInput.c.version),
        )
        .where(PipelineInput.c.repo == repo, PipelineInput.c.branch == branch)
    )
    statement = (
        _rows()
        .where(
            Pipeline.c.id.in_(readers),
            Pipeline.c.state == "running",
            PipelineVersion.c.version == Pipeline.c.version,
        )
        .order_by(Pipeline.c.name)
    )
    return _with_inputs(conn, statement)


def users_of(conn: Connection, repo: str) -> list[str]:
    """Names of the pipelines whose current version reads or writes this repo."""
    reads = select(PipelineInput.c.pipeline_id).where(
        PipelineInput.c.pipeline_id == Pipeline.c.id,
        PipelineInput.c.version == Pipeline.c.version,
        PipelineInput.c.repo == repo,
    )
    statement = (
        select(Pipeline.c.name)
        .join(
            PipelineVersion,
            (PipelineVersion.c.pipeline_id == Pipeline.c.id)
            & (PipelineVersion.c.version == Pipeline.c.version),
        )
        .where((PipelineVersion.c.output_repo == repo) | reads.exists())
        .order_by(Pipeline.c.name)
    )
    return list(conn.scalars(statement))


def pin_image(
    conn: Connection, pipeline_id: int, version: int, image_digest: str, digest: str
) -> bool:
    """Write down what a version's image is, and the *digest* of the version with it, once.

    Returns:
        Whether it was this call that did.
    """
    statement = (
        update(PipelineVersion)
        .where(
            PipelineVersion.c.pipeline_id == pipeline_id,
            PipelineVersion.c.version == version,
            PipelineVersion.c.image_digest.is_(None),
        )
        .values(image_digest=image_digest, digest=digest)
    )
    return conn.execute(statement).rowcount == 1


def set_state(conn: Connection, pipeline_id: int, state: str) -> bool:
    """Set ``running`` or ``stopped``; ``False`` when there is no such pipeline."""
    statement = update(Pipeline).where(Pipeline.c.id == pipeline_id).values(state=state)
    return conn.execute(statement).rowcount == 1


def remove(conn: Connection, pipeline_id: int) -> bool:
    """Delete a pipeline with its versions, jobs and datum results; its output repo stays."""
    return conn.execute(delete(Pipeline).where(Pipeline.c.id == pipeline_id)).rowcount == 1


def infos(conn: Connection, rows: Sequence[PipelineRow]) -> list[PipelineInfo]:
    """Pipelines as people see them, each with its last job."""
    last = {
        pipeline_id: (job, JobState(state), reason)
        for pipeline_id, job, state, reason in conn.execute(
            select(Job.c.pipeline_id, Job.c.id, Job.c.state, Job.c.reason)
            .join(
                Pipeline,
                (Pipeline.c.id == Job.c.pipeline_id) & (Pipeline.c.job_count == Job.c.sequence),
            )
            .where(Pipeline.c.id.in_([row.id for row in rows]))
        )
    }
    return [
        PipelineInfo(
            row.name,
            row.version,
            row.state,
            row.created_us,
            row.spec,
            row.digest,
            *last.get(row.id, (None, None, "")),
        )
        for row in rows
    ]


def _add_version(conn: Connection, pipeline_id: int, number: int, version: NewVersion) -> None:
    conn.execute(
        insert(PipelineVersion).values(
            pipeline_id=pipeline_id,
            version=number,
            spec=dict(version.spec),
            digest=version.digest,
            salt=version.salt,
            output_repo=version.output_repo,
            output_branch=version.output_branch,
            author=version.author,
            created_us=version.created_us,
        )
    )
    inputs = [
        {
            "pipeline_id": pipeline_id,
            "version": number,
            "position": position,
            "name": source.name,
            "repo": source.repo,
            "branch": source.branch,
        }
        for position, source in enumerate(version.inputs)
    ]
    if inputs:
        conn.execute(insert(PipelineInput), inputs)


def _rows() -> Select[*tuple[object, ...]]:
    return select(
        Pipeline.c.id,
        Pipeline.c.name,
        Pipeline.c.state,
        PipelineVersion.c.version,
        PipelineVersion.c.spec,
        PipelineVersion.c.digest,
        PipelineVersion.c.output_repo,
        PipelineVersion.c.output_branch,
        PipelineVersion.c.author,
        PipelineVersion.c.created_us,
        PipelineVersion.c.salt,
        PipelineVersion.c.image_digest,
    ).join(PipelineVersion, PipelineVersion.c.pipeline_id == Pipeline.c.id)


def _with_inputs(
    conn: Connection,
    statement: Select[*tuple[object, ...]],
) -> list[PipelineRow]:
    rows = conn.execute(statement).all()
    inputs: dict[tuple[int, int], list[InputBranch]] = defaultdict(list)
    for pipeline_id, version, name, repo, branch in conn.execute(
        select(
            PipelineInput.c.pipeline_id,
            PipelineInput.c.version,
            PipelineInput.c.name,
            PipelineInput.c.repo,
            PipelineInput.c.branch,
        )
        .where(PipelineInput.c.pipeline_id.in_({row.id for row in rows}))
        .order_by(PipelineInput.c.pipeline_id, PipelineInput.c.version, PipelineInput.c.position)
    ):
        inputs[pipeline_id, version].append(InputBranch(name, repo, branch))
    return [_pipeline(row, tuple(inputs[row.id, row.version])) for row in rows]


def _pipeline(
    row: Row[*tuple[object, ...]],
    inputs: tuple[InputBranch, ...],
) -> PipelineRow:
    return PipelineRow(
        id=row.id,
        name=row.name,
        version=row.version,
        state=row.state,
        spec=row.spec,
        digest=row.digest,
        inputs=inputs,
        output_repo=row.output_repo,
        output_branch=row.output_branch,
        author=row.author,
        created_us=row.created_us,
        salt=row.salt,
        image_digest=row.image_digest,
    )
