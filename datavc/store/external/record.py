"""Descriptions of external files, out of the store and into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.errors import DataCorrupt, Purged
from datavc.model.entry import Entry, EntryKind
from datavc.model.external import External, decode_external
from datavc.store.record import RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datavc.store.objects import ObjectStore
    from datavc.store.pack_session import PackSession


def read_external(objects: ObjectStore, entry: Entry) -> External:
    """Where an external file lies.

    Raises:
        NotFound, DataCorrupt: its description is gone or damaged.
        Purged: its description was purged.
    """
    return next(read_externals(objects, [entry]))


def read_externals(objects: ObjectStore, entries: Iterable[Entry]) -> Iterator[External]:
    """Where external files lie, in the order asked for; neighbours are read together.

    Raises:
        NotFound, DataCorrupt, Purged: as :func:`read_external`.
    """
    asked = list(entries)
    for entry in asked:
        _check_refs(entry)
    wanted = ((one.refs[0].location, one.digest, RecordKind.EXTERNAL) for one in asked)
    for entry, payload in zip(asked, objects.read_many(wanted), strict=True):
        found = decode_external(payload)
        if found.size != entry.size:
            raise _wrong(entry, f"has {entry.size} bytes, and {found.size} by its description")
        yield found


def read_external_uris(objects: ObjectStore, entries: Mapping[str, Entry]) -> dict[str, str]:
    """Where external files lie, by the same names; ``(purged)`` where that was purged.

    Raises:
        NotFound, DataCorrupt: as :func:`read_external`.
    """
    try:
        found = read_externals(objects, entries.values())
        return {name: one.uri for name, one in zip(entries, found, strict=True)}
    except Purged:
        return {name: _uri_of(objects, entry) for name, entry in entries.items()}


def write_external(session: PackSession, external: External) -> Entry:
    """Store a description; returns the entry that stands for the file."""
    payload = external.encode()
    digest = external.digest
    return external.entry(session.add(RecordKind.EXTERNAL, digest, payload))


def _uri_of(objects: ObjectStore, entry: Entry) -> str:
    try:
        return read_external(objects, entry).uri
    except Purged:
        return "(purged)"


def _check_refs(entry: Entry) -> None:
    if entry.kind is not EntryKind.EXTERNAL or len(entry.refs) != 1 or entry.depth != 1:
        raise _wrong(entry, "does not say where it lies")
    ref = entry.refs[0]
    if ref.digest != entry.digest or ref.size != entry.size or entry.executable:
        raise _wrong(entry, "does not fit its description")


def _wrong(entry: Entry, problem: str) -> DataCorrupt:
    return DataCorrupt(f"the external file {entry.digest.hex()[:12]} {problem}")
