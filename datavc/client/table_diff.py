"""Comparing two tables (CSV, JSON lines, Parquet) by DuckDB, which streams them from disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datavc.errors import DatavcError, InvalidInput, SourceUnreadable
from datavc.model.content_diff import ColumnChange, TableDiff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

#: How DuckDB reads a file, by the end of its name.
_READERS = {
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
    ".parquet": "read_parquet",
}
#: Rows shown of each kind.
_SHOWN = 5


def is_table(path: str) -> bool:
    """Whether a path names a table, by its end."""
    return Path(path).suffix.lower() in _READERS


def compare_tables(path: str, old: Path, new: Path, key: Sequence[str]) -> TableDiff:
    """What changed between the tables in two local files.

    Args:
        path: the name by which their format is told.
        old, new: the files.
        key: columns that tell rows apart; without any, whole rows are compared.

    Raises:
        InvalidInput: a side lacks a column of the key.
        SourceUnreadable: a file is no such table.
        DatavcError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise DatavcError(
            "comparing tables needs a package that is not installed",
            hint='pip install "datavc[tables]"',
        ) from None

    with duckdb.connect() as connection:
        try:
            return _Comparison(connection, path, old, new, key).run()
        except duckdb.Error as error:
            reason = str(error).partition("\n")[0]
            raise SourceUnreadable(f"'/{path}' cannot be read as a table: {reason}") from None


class _Comparison:
    def __init__(
        self,
        connection: DuckDBPyConnection,
        path: str,
        old: Path,
        new: Path,
        key: Sequence[str],
    ) -> None:
        self._connection = connection
        reader = _READERS[Path(path).suffix.lower()]
        for name, file in (("old", old), ("new", new)):
            connection.execute(
                f'CREATE VIEW "{name}" AS SELECT * FROM {reader}({_literal(str(file))})'  # noqa: S608
            )
        self._old, self._new = self._columns("old"), self._columns("new")
        for column in key:
            if column not in self._old or column not in self._new:
                raise InvalidInput(f"'/{path}' has no column {column!r} on both sides")
        self._key = [_name(column) for column in key]
        self._common = [column for column in self._new if column in self._old]

    def run(self) -> TableDiff:
        added, removed = self._one_sided("new", "old"), self._one_sided("old", "new")
        return TableDiff(
            columns_added=tuple(one for one in self._new if one not in self._old),
            columns_removed=tuple(one for one in self._old if one not in self._new),
            columns_changed=tuple(
                ColumnChange(one, self._old[one], self._new[one])
                for one in self._common
                if self._old[one] != self._new[one]
            ),
            old_rows=self._count('"old"'),
            new_rows=self._count('"new"'),
            rows_added=self._count(f"({added})"),
            rows_removed=self._count(f"({removed})"),
            rows_changed=self._changed() if self._key else None,
            added=self._rows(added),
            removed=self._rows(removed),
        )

    def _columns(self, view: str) -> dict[str, str]:
        rows = self._connection.execute(f'DESCRIBE "{view}"').fetchall()
        return {row[0]: row[1] for row in rows}

    def _one_sided(self, side: str, other: str) -> str:
        if self._key:
            same = " AND ".join(f"a.{one} IS NOT DISTINCT FROM b.{one}" for one in self._key)
            return (
                f'SELECT * FROM "{side}" a WHERE NOT EXISTS '  # noqa: S608
                f'(SELECT 1 FROM "{other}" b WHERE {same})'
            )
        if not self._common:
            return f'SELECT * FROM "{side}"'  # noqa: S608
        columns = ", ".join(
            f"CAST({_name(one)} AS VARCHAR) AS {_name(one)}" for one in self._common
        )
        return f'SELECT {columns} FROM "{side}" EXCEPT ALL SELECT {columns} FROM "{other}"'  # noqa: S608

    def _changed(self) -> int:
        others = [_name(one) for one in self._common if _name(one) not in self._key]
        if not others:
            return 0
        same = " AND ".join(f"a.{one} IS NOT DISTINCT FROM b.{one}" for one in self._key)
        differs = " OR ".join(
            f"CAST(a.{one} AS VARCHAR) IS DISTINCT FROM CAST(b.{one} AS VARCHAR)" for one in others
        )
        return self._count(f'"new" a JOIN "old" b ON {same} WHERE {differs}')

    def _count(self, what: str) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM {what}").fetchone()  # noqa: S608
        return int(row[0]) if row else 0

    def _rows(self, query: str) -> tuple[dict[str, str], ...]:
        found = self._connection.execute(f"SELECT * FROM ({query}) LIMIT {_SHOWN}")  # noqa: S608
        names = [column[0] for column in found.description or ()]
        return tuple(
            {
                name: "" if value is None else str(value)
                for name, value in zip(names, row, strict=True)
            }
            for row in found.fetchall()
        )


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
