"""Egress to a database: each top-level folder of the output fills the table of its name."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING

from datavc.engine.egress.access import EgressAccess
from datavc.errors import DatavcError, TransformFailed, Unavailable
from datavc.model.commit import TreeRef
from datavc.model.egress import DatabaseEgress, TableFormat
from datavc.model.entry import Entry, EntryKind
from datavc.model.source_uri import shown
from datavc.model.tree.diff import diff_trees
from datavc.model.tree.lookup import lookup
from datavc.model.tree.scan import scan
from datavc.store.backend import Buffer
from datavc.store.content import read_content
from datavc.store.file_reader import BUFFER_SIZE, FileReader
from datavc.versioning.versioned_store import VersionedStore

try:
    import psycopg
    from psycopg import sql
    from psycopg.conninfo import make_conninfo
except ImportError:
    raise DatavcError(
        "egress to a database needs a package that is not installed",
        hint='pip install "datavc[postgres]"',
    ) from None

if TYPE_CHECKING:
    from datavc.engine.egress.parquet_rows import TableColumn

_CONNECT_SECONDS = 10
#: Longest first line of a CSV file, in bytes.
_LONGEST_HEADER = 1 << 20
#: A JSON text in one line holds neither of these, so each line is taken as one field.
_LINES = sql.SQL("(FORMAT csv, DELIMITER e'\\x02', QUOTE e'\\x01')")
_STAGED = sql.Identifier("pg_temp", "datavc_lines")
_COLUMNS = """
SELECT attname, COALESCE(base.typname, own.typname),
    COALESCE(base.typcategory, own.typcategory) = 'A'
FROM pg_attribute
JOIN pg_type own ON own.oid = atttypid
LEFT JOIN pg_type base ON base.oid = own.typbasetype
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""


class TableWriter:
    """Fills tables from the files of a commit, in one transaction.

    Args:
        vs: where the commit is.
        egress: which database, and how files are read.
        access: where this process may connect to.
        password: for the database, if it wants one.
        check: called again and again, and before what was done becomes visible; raises when the
            job is not this engine's any more.
    """

    def __init__(
        self,
        vs: VersionedStore,
        egress: DatabaseEgress,
        access: EgressAccess,
        password: str | None,
        check: Callable[[], None],
    ) -> None:
        self._vs = vs
        self._egress = egress
        self._access = access
        self._password = password
        self._check = check

    def write(self, tree: TreeRef, there: Iterable[TreeRef]) -> str:
        """Write every table anew whose folder differs from what the database may hold.

        Args:
            tree: of the commit.
            there: trees of which the tables may hold what one of them says.

        Returns:
            What was done, in words.

        Raises:
            TransformFailed: the files do not fit the tables.
            AccessDenied: the database may not be connected to.
            Unavailable: it does not answer.
        """
        tables = sorted({_table_of(path) for old in there for path in self._changed(old, tree)})
        if not tables:
            return "nothing has changed"
        where = shown(self._egress.url)
        url, options = self._access.connection(self._egress.url, self._password)
        try:
            connection = psycopg.connect(
                make_conninfo(
                    url,
                    **options,
                    connect_timeout=_CONNECT_SECONDS,
                    fallback_application_name="datavc",
                )
            )
        except psycopg.Error as error:
            raise Unavailable(f"{where} does not answer: {_line(error)}") from None
        with closing(connection):
            rows = 0
            try:
                connection.execute("SET CONSTRAINTS ALL DEFERRED")
                for table in tables:
                    self._run(connection, table, sql.SQL("DELETE FROM {}").format(_name(table)))
                for table in tables:
                    rows += self._fill(connection, table, tree)
                self._check()
                connection.commit()
            except psycopg.OperationalError as error:
                raise Unavailable(f"{where} gave up: {_line(error)}") from None
            except psycopg.Error as error:
                raise TransformFailed(f"{where} refused: {_line(error)}") from None
        return f"wrote {rows} rows to {', '.join(tables)}"

    def _changed(self, old: TreeRef, new: TreeRef) -> Iterator[str]:
        return (path for path, _, _ in diff_trees(old, new, self._vs.nodes))

    def _fill(self, connection: psycopg.Connection, table: str, tree: TreeRef) -> int:
        rows = 0
        # A file may stand for a table, too.
        alone = lookup(tree, table, self._vs.nodes)
        files = scan(tree, self._vs.nodes, f"{table}/")
        for path, entry in files if alone is None else [(table, alone)]:
            if entry.kind is EntryKind.FILE and not path.endswith("/") and entry.size:
                self._check()
                try:
                    rows += self._copy(connection, table, path, entry)
                except psycopg.OperationalError:
                    raise
                except (psycopg.Error, ValueError) as error:
                    raise TransformFailed(
                        f"'/{path}' does not fit table {table!r}: {_line(error)}",
                        hint="compare the file with the table, and egress.sql_database.file_format",
                    ) from None
        return rows

    def _copy(self, connection: psycopg.Connection, table: str, path: str, entry: Entry) -> int:
        if self._egress.format is TableFormat.PARQUET:
            return self._copy_parquet(connection, table, path, entry)
        pieces: Iterator[Buffer] = iter(read_content(self._vs.objects, entry))
        if self._egress.format is TableFormat.JSON:
            return self._copy_json(connection, table, pieces)
        if not self._egress.columns:
            into = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(_name(table))
            return self._stream(connection, into, pieces)
        names, rest = _header(pieces, self._egress.columns)
        into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(_name(table), _list(names))
        return self._stream(connection, into, rest)

    def _copy_json(
        self, connection: psycopg.Connection, table: str, pieces: Iterator[Buffer]
    ) -> int:
        connection.execute(
            sql.SQL("CREATE TEMP TABLE IF NOT EXISTS {} (line text) ON COMMIT DROP").format(
                sql.Identifier("datavc_lines")
            )
        )
        connection.execute(sql.SQL("TRUNCATE {}").format(_STAGED))
        into = sql.SQL("COPY {} FROM STDIN ").format(_STAGED) + _LINES
        self._stream(connection, into, pieces)
        columns = self._egress.columns
        found = connection.execute(
            sql.SQL(
                "INSERT INTO {table}{names} SELECT {values} FROM {staged}, "
                "jsonb_populate_record(NULL::{table}, line::jsonb) AS found "
                "WHERE line !~ '^[[:space:]]*$'"
            ).format(
                table=_name(table),
                names=sql.SQL(" ({})").format(_list(columns)) if columns else sql.SQL(""),
                values=(
                    sql.SQL(", ").join(sql.Identifier("found", name) for name in columns)
                    if columns
                    else sql.SQL("found.*")
                ),
                staged=_STAGED,
            )
        )
        return found.rowcount

    def _copy_parquet(
        self, connection: psycopg.Connection, table: str, path: str, entry: Entry
    ) -> int:
        # A package that not everybody has.
        from datavc.engine.egress.parquet_rows import ParquetRows

        reader = FileReader(self._vs.objects, f"/{path}", entry)
        with io.BufferedReader(reader, BUFFER_SIZE) as file:
            columns = _columns(connection, table)
            rows = ParquetRows(file, columns, self._egress.columns)
            into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, ENCODING 'UTF8')").format(
                _name(table), _list(rows.names)
            )
            return self._stream(connection, into, rows.pieces())

    def _stream(
        self, connection: psycopg.Connection, into: sql.Composed, pieces: Iterator[Buffer]
    ) -> int:
        with connection.cursor() as cursor:
            with cursor.copy(into) as copy:
                for piece in pieces:
                    self._check()
                    copy.write(bytes(piece))
            return cursor.rowcount

    def _run(self, connection: psycopg.Connection, table: str, statement: sql.Composed) -> None:
        try:
            connection.execute(statement)
        except psycopg.errors.UndefinedTable:
            raise TransformFailed(
                f"{shown(self._egress.url)} has no table {table!r}, which the output has a folder "
                "for",
                hint="create the table first; top-level folders of the output are named after "
                "tables",
            ) from None


def _table_of(path: str) -> str:
    return path.partition("/")[0]


def _name(table: str) -> sql.Identifier:
    """A table as it is named in SQL: ``schema.table``, or one that the search path finds."""
    return sql.Identifier(*table.split(".", 1))


def _columns(connection: psycopg.Connection, table: str) -> dict[str, TableColumn]:
    from datavc.engine.egress.parquet_rows import TableColumn

    found = connection.execute(_COLUMNS, [_name(table).as_string(connection)])
    return {name: TableColumn(kind, is_array) for name, kind, is_array in found}


def _list(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


def _header(
    pieces: Iterator[Buffer], columns: tuple[str, ...]
) -> tuple[list[str], Iterator[Buffer]]:
    """The columns in the order of a file's first line, and what comes after that line."""
    start = bytearray()
    for piece in pieces:
        start += piece
        if b"\n" in piece or len(start) > _LONGEST_HEADER:
            break
    line, _, rest = bytes(start).partition(b"\n")
    names = next(csv.reader([line.decode("utf-8-sig").rstrip("\r")], strict=True), [])
    if sorted(names) != sorted(columns):
        raise ValueError(
            f"its first line names {', '.join(names)[:200]}, and columns are {', '.join(columns)}"
        )
    return names, chain([rest], pieces)


def _line(error: Exception) -> str:
    """What PostgreSQL says, in one line."""
    diag = getattr(error, "diag", None)
    text = (diag.message_primary if diag else None) or str(error)
    where = (diag.context if diag else None) or ""
    first = " ".join(text.split())
    return f"{first} ({where.splitlines()[0]})" if where else first
