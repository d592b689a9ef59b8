"""Where a stored change set lies, in the columns of every table that refers to one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Table

from datavc.model.change_set import StagedRecord
from datavc.model.entry import Location

_NAMES = ("digest", "pack", "offset", "length", "puts", "removals", "content_bytes")


def record_columns(table: Table[Any]) -> list[Column[Any]]:
    """The columns to select for :func:`record_of`."""
    return [table.c[name] for name in _NAMES]


def record_of(values: Sequence[Any]) -> StagedRecord:
    """The record that was selected by :func:`record_columns`."""
    digest, pack, offset, length, puts, removals, size = values
    return StagedRecord(digest, Location(pack, offset, length), puts, removals, size)


def record_values(record: StagedRecord) -> dict[str, bytes | int]:
    """What is written for a record, by column."""
    place = record.location
    values = (
        record.digest,
        place.pack,
        place.offset,
        place.length,
        record.puts,
        record.removals,
        record.bytes,
    )
    return dict(zip(_NAMES, values, strict=True))
