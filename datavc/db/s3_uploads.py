"""Queries on multipart uploads that are under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, insert, select

from datavc.db.conflict_insert import insert_into
from datavc.db.record_columns import record_columns, record_of, record_values
from datavc.db.tables import Repo, S3Part, S3Upload
from datavc.model.change_set import StagedRecord


@dataclass(frozen=True, slots=True)
class UploadRow:
    """An upload, and where its content is to go."""

    id: str
    repo: str
    branch: str
    path: str
    account: str
    #: Of the commit that its completion makes; ``None`` where it is only staged.
    message: str | None
    created_us: int
    #: The job's session whose output it is to; ``None`` where it is to the branch itself.
    session: str | None = None


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part that is stored."""

    number: int
    etag: str
    #: By algorithm, in base64.
    checksums: Mapping[str, str]
    created_us: int
    #: Puts the part's content.
    record: StagedRecord


def begin(conn: Connection, repo_id: int, upload: UploadRow) -> None:
    """Add an upload; its branch must exist."""
    conn.execute(
        insert(S3Upload).values(
            id=upload.id,
            repo_id=repo_id,
            branch=upload.branch,
            path=upload.path,
            account=upload.account,
            message=upload.message,
            created_us=upload.created_us,
            session_id=upload.session,
        )
    )


def find(conn: Connection, upload_id: str, *, lock: bool = False) -> UploadRow | None:
    """An upload, or ``None``. With *lock*, nobody ends it before this transaction is over."""
    statement = _uploads().where(S3Upload.c.id == upload_id)
    if lock:
        statement = statement.with_for_update(of=S3Upload)
    row = conn.execute(statement).first()
    return None if row is None else UploadRow(*row)


def list_uploads(conn: Connection, repo_id: int, *, session: str | None = None) -> list[UploadRow]:
    """The uploads to a repo's branches, or to the output of one of its jobs' sessions."""
    statement = _uploads().where(S3Upload.c.repo_id == repo_id, S3Upload.c.session_id == session)
    return [UploadRow(*row) for row in conn.execute(statement)]


def remove(conn: Connection, upload_id: str) -> bool:
    """End an upload and forget its parts; ``False`` when there is none."""
    return conn.execute(delete(S3Upload).where(S3Upload.c.id == upload_id)).rowcount == 1


def put_part(conn: Connection, upload_id: str, part: PartRow) -> None:
    """Add a part, or put it in the place of the one of its number."""
    values = {
        "etag": part.etag,
        "checksums": dict(part.checksums),
        "created_us": part.created_us,
        **record_values(part.record),
    }
    statement = insert_into(conn, S3Part).values(upload_id=upload_id, number=part.number, **values)
    conn.execute(
        statement.on_conflict_do_update(index_elements=["upload_id", "number"], set_=values)
    )


def list_parts(
    conn: Connection, upload_id: str, *, after: int = 0, limit: int | None = None
) -> list[PartRow]:
    """An upload's parts by number, from the first one past *after*."""
    columns = S3Part.c
    statement = (
        select(
            columns.number,
            columns.etag,
            columns.checksums,
            columns.created_us,
            *record_columns(S3Part),
        )
        .where(columns.upload_id == upload_id, columns.number > after)
        .order_by(columns.number)
        .limit(limit)
    )
    return [
        PartRow(number, etag, checksums, created_us, record_of(values))
        for number, etag, checksums, created_us, *values in conn.execute(statement)
    ]


def _uploads() -> Select[str, str, str, str, str, str | None, int, str | None]:
    columns = S3Upload.c
    return select(
        columns.id,
        Repo.c.name,
        columns.branch,
        columns.path,
        columns.account,
        columns.message,
        columns.created_us,
        columns.session_id,
    ).join(Repo, Repo.c.id == columns.repo_id)
