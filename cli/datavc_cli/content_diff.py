"""Printing what changed inside of files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from datavc_cli.output import paint
from datavc_cli.wording import count, safe, size

if TYPE_CHECKING:
    from datavc.model.content_diff import ContentDiff, TableDiff

_COLORS = {"+": "green", "-": "red", "@": "cyan"}


def write_content_diffs(found: Iterable[ContentDiff]) -> None:
    """Print them as they come."""
    for one in found:
        if one.kind.value == "text":
            lines = [paint(safe(line), color=_COLORS.get(line[:1])) for line in one.lines]
        elif one.table is not None:
            lines = [f"table /{safe(one.change.path)}", *_table(one.table)]
        else:
            lines = [_binary(one)]
        for line in lines:
            sys.stdout.write(f"{line}\n")


def _binary(one: ContentDiff) -> str:
    change = one.change
    sizes = [size(each) for each in (change.old_size, change.new_size) if each is not None]
    return f"{change.kind.value} /{safe(change.path)}  ({' -> '.join(sizes)})"


def _table(table: TableDiff) -> Iterator[str]:
    for name in table.columns_added:
        yield paint(f"  + column {safe(name)}", color="green")
    for name in table.columns_removed:
        yield paint(f"  - column {safe(name)}", color="red")
    for column in table.columns_changed:
        yield f"  column {safe(column.name)}: {column.old_type} -> {column.new_type}"
    yield f"  {count(table.old_rows, 'row')} before, {count(table.new_rows, 'row')} after"
    changed = "" if table.rows_changed is None else f", {table.rows_changed:,} changed"
    yield f"  {table.rows_added:,} added, {table.rows_removed:,} removed{changed}"
    for sign, rows in (("+", table.added), ("-", table.removed)):
        for row in rows:
            text = ", ".join(f"{name}={value}" for name, value in row.items())
            yield paint(f"  {sign} {safe(text)}", color=_COLORS[sign])
