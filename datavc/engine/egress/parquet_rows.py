"""Parquet files as the lines of CSV that PostgreSQL takes them by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO

import msgspec

from datavc.errors import DatavcError

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv, parquet, types
except ImportError:
    raise DatavcError(
        "egress of Parquet files needs a package that is not installed",
        hint='pip install "datavc[parquet]"',
    ) from None

#: Rows that are in memory at once: so many, or fewer that take about so many bytes.
_ROWS, _BYTES = 4096, 4 * 1024 * 1024
#: Bytes read of each column at a time.
_BUFFER = 256 * 1024
#: Text is always put in quotes, and what is NULL never is.
_CSV = csv.WriteOptions(include_header=False, quoting_style="needed")
_JSON = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of the table, as far as it decides how values are written."""

    #: PostgreSQL's name of its type, such as ``bytea``; that of its base for a domain.
    type: str
    is_array: bool


class ParquetRows:
    """The rows of one Parquet file, with the columns that are wanted of it.

    Args:
        file: the file.
        table: the columns of the table, by name.
        wanted: names of the columns to be read; empty for all that the file has.

    Raises:
        ValueError: it is no Parquet file, or its columns do not fit the table's.
    """

    def __init__(
        self, file: BinaryIO, table: Mapping[str, TableColumn], wanted: Sequence[str]
    ) -> None:
        with _parquet_errors():
            self._file = parquet.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
        there: list[str] = self._file.schema_arrow.names
        #: Names of the columns, in the order in which values come.
        self.names = list(wanted or there)
        for name in self.names:
            if there.count(name) != 1:
                how_often = "more than one" if name in there else "no"
                raise ValueError(f"it has {how_often} column {name!r}; it has {_listed(there)}")
            if name not in table:
                raise ValueError(
                    f"the table has no column {name!r}, which the file has; "
                    f"it has {_listed(list(table))}"
                )
        if not self.names:
            raise ValueError("it has no columns")
        self._table = table

    def pieces(self) -> Iterator[bytes]:
        """All rows as CSV without a first line of names, a few thousand at a time.

        Raises:
            ValueError: the file is damaged, or a value has no form that the table could take;
                names the column.
        """
        with _parquet_errors():
            for batch in self._file.iter_batches(
                self._rows_at_once(), columns=self.names, use_threads=False
            ):
                texts = [self._text(name, batch.column(name)) for name in self.names]
                sink = pa.BufferOutputStream()
                csv.write_csv(pa.RecordBatch.from_arrays(texts, self.names), sink, _CSV)
                yield sink.getvalue().to_pybytes()

    def _rows_at_once(self) -> int:
        meta = self._file.metadata
        groups = (meta.row_group(number) for number in range(meta.num_row_groups))
        size = sum(int(group.total_byte_size) for group in groups)
        return max(1, min(_ROWS, _BYTES * int(meta.num_rows) // max(size, 1)))

    def _text(self, name: str, values: pa.Array) -> pa.Array:
        try:
            return _as_text(values, self._table[name])
        except (pa.ArrowException, ValueError, TypeError, KeyError) as error:
            raise ValueError(f"column {name!r}, of type {values.type}: {error}") from None


def _as_text(values: pa.Array, column: TableColumn) -> pa.Array:
    """*values* as strings that PostgreSQL reads as the same, or as what needs no quotes."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = values.type
    if types.is_float16(kind):
        return values.cast(pa.float32())
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind):
        return values
    if types.is_nested(kind):
        write = _array_literal if column.is_array else _as_json
        return _each(values.to_pylist(maps_as_pydicts="strict"), write)
    if types.is_timestamp(kind) and kind.tz is not None:
        # As they are stored, which needs no list of time zones.
        return _with_suffix(values.view(pa.timestamp(kind.unit)), "+00")
    if types.is_duration(kind):
        return _with_suffix(values.cast(pa.duration("us")).view(pa.int64()), " microseconds")
    if column.type in ("bytea", "uuid") and _is_binary(kind):
        prefix = "\\x" if column.type == "bytea" else ""
        return _each(values.to_pylist(), lambda value: prefix + value.hex())
    return values.cast(pa.string())


def _is_binary(kind: pa.DataType) -> bool:
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    )


def _with_suffix(values: pa.Array, suffix: str) -> pa.Array:
    return pc.binary_join_element_wise(values.cast(pa.string()), suffix, "")


def _each(values: list[Any], write: Callable[[Any], str]) -> pa.Array:
    return pa.array([None if value is None else write(value) for value in values], pa.string())


def _as_json(value: object) -> str:
    return _JSON.encode(value).decode()


def _array_literal(value: object) -> str:
    """A value as it stands in the text of a PostgreSQL array, or all of that text."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "{" + ",".join(map(_array_literal, value)) + "}"
    if isinstance(value, (bool, int, float, Decimal)):
        return str(value)
    if isinstance(value, bytes):
        text = f"\\x{value.hex()}"
    elif isinstance(value, dict):
        text = _as_json(value)
    else:
        text = str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _listed(names: list[str]) -> str:
    return ", ".join(names)[:200] or "none"


@contextmanager
def _parquet_errors() -> Iterator[None]:
    """What the library makes of a file that is none, or damaged, is a ``ValueError``."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"it cannot be read as Parquet: {error}") from None
