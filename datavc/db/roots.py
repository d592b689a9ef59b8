"""Queries on what keeps stored records alive: whatever a row of the database refers to."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select

from datavc.db.tables import Commit, DatumResult, Job, JobDatum, Staged
from datavc.model.change_set import StagedRecord
from datavc.model.commit import TreeRef
from datavc.model.entry import ChunkRef, Location

_PAGE = 5000


def trees(conn: Connection, *, without: Collection[str] = ()) -> Iterator[TreeRef]:
    """The trees of all commits whose content is kept, and those of jobs.

    Args:
        without: ids of commits to leave out.
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
    after = ""
    while page := conn.execute(
        kept.where(Commit.c.id > after).order_by(Commit.c.id).limit(_PAGE)
    ).all():
        after = page[-1][0]
        for commit, digest, pack, offset, length, files, size in page:
            if commit not in without and pack is not None:
                yield TreeRef(digest, Location(pack, offset or 0, length or 0), files, size)
    yield from _meta_trees(conn)


def _meta_trees(conn: Connection) -> Iterator[TreeRef]:
    columns = (
        Job.c.meta_digest,
        Job.c.meta_pack,
        Job.c.meta_offset,
        Job.c.meta_length,
        Job.c.meta_files,
        Job.c.meta_bytes,
    )
    for digest, pack, offset, length, files, size in conn.execute(
        select(*columns).where(Job.c.meta_pack.is_not(None))
    ):
        if digest is not None and pack is not None:
            yield TreeRef(digest, Location(pack, offset or 0, length or 0), files, size)


def change_sets(conn: Connection) -> Iterator[StagedRecord]:
    """What is staged, and the outputs of datums."""
    for table in (Staged, DatumResult):
        columns = (
            table.c.digest,
            table.c.pack,
            table.c.offset,
            table.c.length,
            table.c.puts,
            table.c.removals,
            table.c.content_bytes,
        )
        for digest, pack, offset, length, puts, removals, size in conn.execute(select(*columns)):
            place = Location(pack, offset, length)
            yield StagedRecord(digest, place, puts, removals, size)


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
        select(*columns).where(JobDatum.c.log_pack.is_not(None))
    ):
        if digest is not None and pack is not None:
            yield ChunkRef(digest, size or 0, Location(pack, offset or 0, length or 0))
