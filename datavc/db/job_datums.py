"""Queries on the datums that a job ran (those it skipped have no row)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, literal, select, tuple_

from datavc.db.conflict_insert import insert_into
from datavc.db.news import announce_progress
from datavc.db.tables import JobDatum
from datavc.model.entry import ChunkRef, Location
from datavc.model.job import DatumInfo, DatumState


@dataclass(frozen=True, slots=True)
class JobDatumRow:
    """How one datum of a job went."""

    #: Digest of the datum's key.
    key: bytes
    state: DatumState
    #: ``input:/path`` of each file or folder it sees.
    inputs: tuple[str, ...]
    #: How long the transform ran.
    seconds: float
    #: ``None`` when it never started, or did not end by itself.
    exit_code: int | None
    reason: str
    #: What it printed, or ``None`` for nothing.
    log: ChunkRef | None
    #: How long its inputs took to be brought, and its outputs to be taken.
    download_seconds: float = 0.0
    upload_seconds: float = 0.0
    download_bytes: int = 0
    upload_bytes: int = 0
    #: When its result was written down.
    ended_us: int = 0


def add_many(conn: Connection, job_id: str, datums: Iterable[JobDatumRow]) -> None:
    """Keep how datums went; a datum that was run again in the same job is replaced."""
    rows = [
        {
            "job_id": job_id,
            "key": datum.key,
            "state": datum.state.value,
            "inputs": list(datum.inputs),
            "seconds": datum.seconds,
            "exit_code": datum.exit_code,
            "reason": datum.reason,
            "log_digest": datum.log.digest if datum.log else None,
            "log_size": datum.log.size if datum.log else None,
            "log_pack": datum.log.location.pack if datum.log else None,
            "log_offset": datum.log.location.offset if datum.log else None,
            "log_length": datum.log.location.length if datum.log else None,
            "download_seconds": datum.download_seconds,
            "upload_seconds": datum.upload_seconds,
            "download_bytes": datum.download_bytes,
            "upload_bytes": datum.upload_bytes,
            "ended_us": datum.ended_us,
        }
        for datum in sorted(datums, key=lambda datum: datum.key)
    ]
    if not rows:
        return
    statement = insert_into(conn, JobDatum)
    new = {name: statement.excluded[name] for name in rows[0] if name not in ("job_id", "key")}
    conn.execute(statement.on_conflict_do_update(index_elements=["job_id", "key"], set_=new), rows)
    announce_progress(conn)


def list_datums(
    conn: Connection,
    job_id: str,
    *,
    state: DatumState | None = None,
    after: bytes = b"",
    limit: int = 1000,
) -> list[JobDatumRow]:
    """Datums of a job by key, from the first key past *after*."""
    statement = _rows().where(JobDatum.c.job_id == job_id, JobDatum.c.key > after)
    if state is not None:
        statement = statement.where(JobDatum.c.state == state.value)
    rows = conn.execute(statement.order_by(JobDatum.c.key).limit(limit))
    return [_datum(row) for row in rows]


def list_ended(
    conn: Connection,
    job_id: str,
    *,
    after: tuple[int, bytes] = (-1, b""),
    until: tuple[int, bytes] | None = None,
    newest_first: bool = False,
    limit: int = 1000,
) -> list[JobDatumRow]:
    """Datums of a job in the order in which they ended, by time and key.

    Args:
        after: only those past this time and key; of a job that runs, later pages find what has
            ended meanwhile.
        until: only those up to this time and key.
        newest_first: the last one first; *after* and *until* mean the same.
        limit: at most so many.
    """
    place = tuple_(JobDatum.c.ended_us, JobDatum.c.key)
    statement = _rows().where(JobDatum.c.job_id == job_id, place > tuple_(*map(literal, after)))
    if until is not None:
        statement = statement.where(place <= tuple_(*map(literal, until)))
    columns = (JobDatum.c.ended_us, JobDatum.c.key)
    order = [column.desc() for column in columns] if newest_first else list(columns)
    return [_datum(row) for row in conn.execute(statement.order_by(*order).limit(limit))]


def by_prefix(conn: Connection, job_id: str, prefix: str, *, limit: int = 10) -> list[JobDatumRow]:
    """Datums of a job whose key in hex starts with *prefix*, by key."""
    first = bytes.fromhex(prefix + "0" * (len(prefix) % 2))
    last = bytes.fromhex(prefix + "f" * (len(prefix) % 2)).ljust(32, b"\xff")
    statement = _rows().where(
        JobDatum.c.job_id == job_id, JobDatum.c.key >= first, JobDatum.c.key <= last
    )
    rows = conn.execute(statement.order_by(JobDatum.c.key).limit(limit))
    return [_datum(row) for row in rows]


def info_of(job_id: str, datum: JobDatumRow) -> DatumInfo:
    """A datum as people see it."""
    return DatumInfo(
        job=job_id,
        id=datum.key.hex(),
        state=datum.state,
        inputs=datum.inputs,
        seconds=datum.seconds,
        exit_code=datum.exit_code,
        reason=datum.reason,
        download_seconds=datum.download_seconds,
        upload_seconds=datum.upload_seconds,
        download_bytes=datum.download_bytes,
        upload_bytes=datum.upload_bytes,
    )


def _rows() -> Select[*tuple[object, ...]]:
    return select(*JobDatum.c)


def _datum(row: Row[*tuple[object, ...]]) -> JobDatumRow:
    log = None
    if row.log_digest is not None:
        log = ChunkRef(
            row.log_digest, row.log_size, Location(row.log_pack, row.log_offset, row.log_length)
        )
    return JobDatumRow(
        key=row.key,
        state=DatumState(row.state),
        inputs=tuple(row.inputs),
        seconds=row.seconds,
        exit_code=row.exit_code,
        reason=row.reason,
        log=log,
        download_seconds=row.download_seconds,
        upload_seconds=row.upload_seconds,
        download_bytes=row.download_bytes,
        upload_bytes=row.upload_bytes,
        ended_us=row.ended_us,
    )
