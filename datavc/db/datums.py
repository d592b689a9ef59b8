"""Queries on datum results: what each datum key that ever succeeded in a pipeline put out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, select

from datavc.db.conflict_insert import insert_into
from datavc.db.record_columns import record_columns, record_of, record_values
from datavc.db.tables import DatumResult
from datavc.model.change_set import StagedRecord

# Keys asked for in one statement.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class DatumResultRow:
    """The output of one datum."""

    #: Digest of the datum's key.
    key: bytes
    #: The change set that holds the output.
    output: StagedRecord
    #: How long the transform ran.
    seconds: float
    created_us: int


def get_many(
    conn: Connection, pipeline_id: int, keys: Iterable[bytes]
) -> dict[bytes, DatumResultRow]:
    """The known results for these keys; keys without one are left out."""
    found: dict[bytes, DatumResultRow] = {}
    remaining = iter(keys)
    while batch := list(islice(remaining, _BATCH)):
        rows = conn.execute(
            select(
                DatumResult.c.key,
                DatumResult.c.seconds,
                DatumResult.c.created_us,
                *record_columns(DatumResult),
            ).where(DatumResult.c.pipeline_id == pipeline_id, DatumResult.c.key.in_(batch))
        )
        for key, seconds, created_us, *output in rows:
            found[key] = DatumResultRow(key, record_of(output), seconds, created_us)
    return found


def add_many(
    conn: Connection, pipeline_id: int, results: Iterable[DatumResultRow], *, replace: bool = False
) -> None:
    """Keep results. A key that has one already keeps it, unless *replace*."""
    rows = [
        {
            "pipeline_id": pipeline_id,
            "key": result.key,
            **record_values(result.output),
            "seconds": result.seconds,
            "created_us": result.created_us,
        }
        # In key order, so that two writers that meet in PostgreSQL do not deadlock.
        for result in sorted(results, key=lambda result: result.key)
    ]
    if not rows:
        return
    statement = insert_into(conn, DatumResult)
    if replace:
        new = {
            name: statement.excluded[name] for name in rows[0] if name not in ("pipeline_id", "key")
        }
        statement = statement.on_conflict_do_update(index_elements=["pipeline_id", "key"], set_=new)
    else:
        statement = statement.on_conflict_do_nothing()
    conn.execute(statement, rows)
