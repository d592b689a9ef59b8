"""What changed inside of files, as people see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from datavc.model.file_info import FileChange


class ContentKind(StrEnum):
    """How a file's content was compared."""

    TEXT = "text"
    TABLE = "table"
    #: Neither, or too large to be shown: only sizes are told.
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column that has another type."""

    name: str
    old_type: str
    new_type: str


@dataclass(frozen=True, slots=True)
class TableDiff:
    """What changed between two tables."""

    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    columns_changed: tuple[ColumnChange, ...]
    #: Rows on either side.
    old_rows: int
    new_rows: int
    #: Rows that one side alone has, by the columns that both have; with a key, those whose key one
    #: side alone has.
    rows_added: int
    rows_removed: int
    #: Rows whose key both sides have, with other values; ``None`` without a key.
    rows_changed: int | None
    #: A few rows of each, by column.
    added: tuple[dict[str, str], ...]
    removed: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class ContentDiff:
    """A file that differs, and how."""

    change: FileChange
    kind: ContentKind
    #: Lines of a unified diff.
    lines: tuple[str, ...] = ()
    table: TableDiff | None = None
