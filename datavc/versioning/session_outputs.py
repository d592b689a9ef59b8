"""What jobs put out by S3: change sets of a session, until its datum's result has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from datavc.db import s3_sessions
from datavc.db.clock import now_us
from datavc.errors import AccessDenied
from datavc.model.change_set import StagedRecord, merge_change_sets, read_change_set
from datavc.model.entry import Entry
from datavc.store.content import ContentWriter
from datavc.versioning.branch_trees import BranchVersion, StagedTrees
from datavc.versioning.placed_entries import EntryPlaces
from datavc.versioning.staged_write import Extra, Precondition, put_upon
from datavc.versioning.versioned_store import VersionedStore


@dataclass(frozen=True, slots=True)
class SessionPlace:
    """The output of a session."""

    session: str

    def __str__(self) -> str:
        return "the output of a job"


class SessionTrees(StagedTrees[SessionPlace]):
    """The trees of sessions' outputs, each of which starts empty."""

    def read_version(self, conn: Connection, place: SessionPlace) -> BranchVersion:
        """The present state of an output."""
        number, newest, time_us = s3_sessions.extent(conn, place.session)
        return BranchVersion(0, None, number, newest, time_us)

    def read_staged(
        self,
        conn: Connection,
        place: SessionPlace,
        version: BranchVersion,  # noqa: ARG002 - of the base class
        after: int,
    ) -> list[StagedRecord]:
        """What was put out in order, from the first id past *after*."""
        return s3_sessions.list_changes(conn, place.session, after=after)


def hold_open(conn: Connection, session: str) -> None:
    """Keep a session from ending before this transaction does.

    Raises:
        AccessDenied: it is over.
    """
    if not s3_sessions.lock_open(conn, session):
        raise AccessDenied("what this access key was made for has ended")


def put_out(
    vs: VersionedStore,
    trees: SessionTrees,
    session: str,
    record: StagedRecord,
    *,
    precondition: Precondition | None = None,
    extra: Extra | None = None,
) -> None:
    """Put a stored change set behind what a session has put out.

    Arguments and errors are those of :func:`datavc.versioning.staged_write.stage_on`.

    Raises:
        AccessDenied: the session is over.
    """

    def lock(conn: Connection) -> None:
        hold_open(conn, session)

    def add(conn: Connection, _seen: BranchVersion) -> None:
        s3_sessions.add_change(conn, session, record, time_us=now_us())

    put_upon(
        vs, trees, SessionPlace(session), record, lock, add, precondition=precondition, extra=extra
    )


def read_output(vs: VersionedStore, session: str) -> list[tuple[str, Entry]]:
    """The files that a session that was closed has put out, sorted by path.

    Raises:
        StoreUnavailable, DataCorrupt: they cannot be read.
    """
    with vs.db.read() as conn:
        records = s3_sessions.list_changes(conn, session)
    if not records:
        return []
    places = EntryPlaces(vs)
    with vs.objects.session(vs.chunks) as written:
        writer = ContentWriter(written, vs.chunks)
        files = [(path, places.placed(entry, writer)) for path, entry in _files(vs, records)]
        if written.stored_bytes:
            written.finish()
        else:
            written.abort()
    return files


def _files(vs: VersionedStore, records: list[StagedRecord]) -> Iterator[tuple[str, Entry]]:
    streams = [read_change_set(one.location, one.digest, vs.nodes) for one in records]
    for path, entry in merge_change_sets(streams):
        # The mark of an empty folder is no file.
        if entry is not None and not path.endswith("/"):
            yield path, entry
