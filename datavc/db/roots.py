"""Queries on what keeps stored records alive: whatever a row of the database refers to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Connection, Select, select

from datavc.db.record_columns import record_columns, record_of
from datavc.db.tables import (
    Commit,
    DatumResult,
    Job,
    JobDatum,
    S3Part,
    S3Session,
    S3SessionChange,
    S3Upload,
    Staged,
)
from datavc.model.change_set import StagedRecord
from datavc.model.commit import TreeRef
from datavc.model.entry import ChunkRef, Location

_PAGE = 5000
#: Rows come in pages too where the driver would fetch them all at once.
_PAGED = {"yield_per": _PAGE}


def trees(
    conn: Connection, *, without: Collection[str] = (), repo_id: int | None = None
) -> Iterator[TreeRef]:
    """The trees of all commits whose content is kept.

    Args:
        without: ids of commits to leave out.
        repo_id: only those of this repo.
    """
    columns = (
        Commit.c.id,
        Commit.c.tree_digest,
        Commit.c.tree_pack,
        Commit.c.tree_offset,
        Commit.c.tree_length,
        Commit.c.files,
        Commit.c.content_bytes,
    )
    kept = select(*columns).where(Commit.c.expired_us.is_(None), Commit.c.tree_pack.is_not(None))
    if repo_id is not None:
        kept = kept.where(Commit.c.repo_id == repo_id)
    after = ""
    while page := conn.execute(
        kept.where(Commit.c.id > after).order_by(Commit.c.id).limit(_PAGE)
    ).all():
        after = page[-1][0]
        for commit, digest, pack, offset, length, files, size in page:
            if commit not in without and pack is not None:
                yield TreeRef(digest, Location(pack, offset or 0, length or 0), files, size)


def meta_trees(conn: Connection) -> Iterator[TreeRef]:
    """The trees in which jobs keep what became of their datums."""
    columns = (
        Job.c.meta_digest,
        Job.c.meta_pack,
        Job.c.meta_offset,
        Job.c.meta_length,
        Job.c.meta_files,
        Job.c.meta_bytes,
    )
    for digest, pack, offset, length, files, size in conn.execute(
        select(*columns).where(Job.c.meta_pack.is_not(None)), execution_options=_PAGED
    ):
        if digest is not None and pack is not None:
            yield TreeRef(digest, Location(pack, offset or 0, length or 0), files, size)


def staged(conn: Connection, *, repo_id: int | None = None) -> Iterator[StagedRecord]:
    """What is staged, in all repos or in one."""
    statement = select(*record_columns(Staged))
    if repo_id is not None:
        statement = statement.where(Staged.c.repo_id == repo_id)
    yield from _records(conn, statement)


def uploaded_parts(conn: Connection, *, repo_id: int | None = None) -> Iterator[StagedRecord]:
    """The parts of multipart uploads, in all repos or in one."""
    statement = select(*record_columns(S3Part))
    if repo_id is not None:
        uploads = select(S3Upload.c.id).where(S3Upload.c.repo_id == repo_id)
        statement = statement.where(S3Part.c.upload_id.in_(uploads))
    yield from _records(conn, statement)


def session_changes(conn: Connection, *, repo_id: int | None = None) -> Iterator[StagedRecord]:
    """What jobs have put out by S3 and is in no datum's result yet, for all repos or for one."""
    statement = select(*record_columns(S3SessionChange))
    if repo_id is not None:
        sessions = select(S3Session.c.id).where(S3Session.c.repo_id == repo_id)
        statement = statement.where(S3SessionChange.c.session_id.in_(sessions))
    yield from _records(conn, statement)


def datum_outputs(conn: Connection) -> Iterator[StagedRecord]:
    """What datums put out."""
    yield from _records(conn, select(*record_columns(DatumResult)))


def logs(conn: Connection) -> Iterator[ChunkRef]:
    """The logs of datums."""
    columns = (
        JobDatum.c.log_digest,
        JobDatum.c.log_size,
        JobDatum.c.log_pack,
        JobDatum.c.log_offset,
        JobDatum.c.log_length,
    )
    for digest, size, pack, offset, length in conn.execute(
        select(*columns).where(JobDatum.c.log_pack.is_not(None)), execution_options=_PAGED
    ):
        if digest is not None and pack is not None:
            yield ChunkRef(digest, size or 0, Location(pack, offset or 0, length or 0))


def _records(conn: Connection, statement: Select[Any]) -> Iterator[StagedRecord]:
    return map(record_of, conn.execute(statement, execution_options=_PAGED))
