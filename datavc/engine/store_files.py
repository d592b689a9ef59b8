"""Storing files of a scratch folder: large ones one by one, small ones many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from datavc.errors import SourceUnreadable
from datavc.model.entry import Entry
from datavc.store.chunker import MIN_CHUNK
from datavc.store.content import ContentWriter
from datavc.store.content_writer import Progress

_Name = TypeVar("_Name")

#: Small files that are stored together at most, and their bytes.
_BATCH_FILES = 1024
_BATCH_BYTES = 8 * 1024 * 1024


def store_files(
    writer: ContentWriter,
    files: Iterable[tuple[_Name, Path, int]],
    progress: Progress | None = None,
) -> Iterator[tuple[_Name, Entry]]:
    """Store regular files, given as name, path and size; gives their entries in another order.

    Each is read before the next one is asked for. Small ones come without their executable bit.

    Raises:
        SourceUnreadable: one cannot be read, or changes while it is read.
        OutOfSpace, StoreUnavailable: the writer's session is broken and must be aborted.
    """
    names: list[_Name] = []
    datas: list[bytes] = []
    held = 0
    for name, path, size in files:
        if size > MIN_CHUNK:
            yield name, writer.write_file(path, progress=progress)
            continue
        names.append(name)
        datas.append(_read(path, size))
        held += size
        if len(names) == _BATCH_FILES or held >= _BATCH_BYTES:
            yield from zip(names, writer.write_small(datas), strict=True)
            names, datas, held = [], [], 0
    if names:
        yield from zip(names, writer.write_small(datas), strict=True)


def _read(path: Path, size: int) -> bytes:
    try:
        with path.open("rb", buffering=0) as file:
            # One byte more than expected tells whether it has grown.
            data = file.read(size + 1)
    except OSError as error:
        raise SourceUnreadable(f"{str(path)!r} cannot be read: {error.strerror}") from None
    if len(data) != size:
        raise SourceUnreadable(
            f"{str(path)!r} changed while it was read", hint="try again once it is at rest"
        )
    return data
