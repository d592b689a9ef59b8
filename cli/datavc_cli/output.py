"""Writing results: tables and lines for people, JSON for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

import msgspec
import typer

from datavc_cli.wording import safe


def write_json(value: object) -> None:
    """Print one JSON value, indented."""
    data = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.write(f"{data.decode()}\n")


def write_json_list(items: Iterable[object]) -> None:
    """Print a JSON array, an item a line, without holding it in memory."""
    separator = "[\n  "
    for item in items:
        sys.stdout.write(f"{separator}{msgspec.json.encode(item).decode()}")
        separator = ",\n  "
    sys.stdout.write("[]\n" if separator.startswith("[") else "\n]\n")


def write_table(header: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> None:
    """Print rows in aligned columns.

    Args:
        header: the columns' names.
        rows: their cells; escaped here.
        right: names of the columns, a space between, that are aligned on the right.
    """
    cells = [[safe(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    to_right = set(right.split())
    for number, row in enumerate([header, *cells]):
        padded = [
            cell.rjust(width) if name in to_right else cell.ljust(width)
            for cell, width, name in zip(row, widths, header, strict=True)
        ]
        line = "  ".join(padded).rstrip()
        sys.stdout.write(f"{paint(line, bold=True) if number == 0 else line}\n")


def write_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Print names and values, one a line."""
    pairs = [(name, value) for name, value in fields if value]
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        sys.stdout.write(f"{name.ljust(width)}  {safe(value)}\n")


def write_line(text: str) -> None:
    """Print a line, escaped."""
    sys.stdout.write(f"{safe(text)}\n")


def paint(text: str, *, color: str | None = None, bold: bool = False) -> str:
    """*text* in colour where standard output is a terminal that wants it."""
    if not _wants_color(sys.stdout):
        return text
    return typer.style(text, fg=color, bold=bold)


def _wants_color(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
