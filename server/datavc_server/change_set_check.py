"""Change sets that clients have stored: read in full before anything refers to them."""

from __future__ import annotations

from collections.abc import Mapping

from datavc.errors import DataCorrupt, InvalidInput, InvalidPath, NotFound
from datavc.model.change_set import StagedRecord, change_set_locations, read_change_set
from datavc.model.entry import EMPTY_FOLDER, Entry, EntryKind
from datavc.model.name import clean_path
from datavc.store.external.record import read_externals
from datavc.versioning.versioned_store import VersionedStore
from datavc_server.pack_check import Places
from datavc_server.problem import RefusedUpload

#: Descriptions of external files are read so many at a time.
_BATCH = 1000


def check_change_set(vs: VersionedStore, record: StagedRecord) -> StagedRecord:
    """The record with its counts as they are, once all of it holds.

    Raises:
        RefusedUpload: it is not stored, cannot be read, is not sorted, holds a path that is not
            allowed, or refers to something outside the registered packs.
    """
    try:
        return _check(vs, record)
    except (DataCorrupt, InvalidInput, NotFound) as error:
        raise RefusedUpload(error) from None


def _check(vs: VersionedStore, record: StagedRecord) -> StagedRecord:
    places = Places()
    places.add(record.location)
    places.check(vs)
    for location in change_set_locations(record.location, record.digest, vs.nodes):
        places.add(location)
    places.check(vs)
    last = ""
    puts = removals = size = 0
    external: dict[str, Entry] = {}
    for path, entry in read_change_set(record.location, record.digest, vs.nodes):
        if path <= last:
            raise DataCorrupt(f"the change set is not sorted: {path!r} after {last!r}")
        last = path
        if clean_path(path.removesuffix("/")) + "/" * path.endswith("/") != path:
            raise InvalidPath(f"{path!r} is not in its plain form", hint="leave out the slash")
        if entry is None:
            removals += 1
            continue
        puts += 1
        size += entry.size
        _check_entry(path, entry)
        for ref in entry.refs:
            places.add(ref.location)
        if entry.kind is EntryKind.EXTERNAL:
            external[path] = entry
            if len(external) >= _BATCH:
                _check_externals(vs, external)
                external.clear()
    _check_externals(vs, external)
    places.check(vs)
    return StagedRecord(record.digest, record.location, puts, removals, size)


def _check_entry(path: str, entry: Entry) -> None:
    if entry.size != sum(ref.size for ref in entry.refs):
        raise DataCorrupt(f"the pieces of {path!r} do not add up to its {entry.size} bytes")
    if path.endswith("/") and entry != EMPTY_FOLDER:
        raise InvalidPath(f"{path!r} names no file", hint="leave out the slash at its end")
    if entry.kind is EntryKind.EXTERNAL and (
        len(entry.refs) != 1
        or entry.depth != 1
        or entry.refs[0].digest != entry.digest
        or entry.executable
    ):
        raise DataCorrupt(f"the external file {path!r} does not say where it lies")


def _check_externals(vs: VersionedStore, entries: Mapping[str, Entry]) -> None:
    """Read the descriptions: each must be one that may be kept, of the entry's size."""
    places = Places()
    for entry in entries.values():
        places.add(entry.refs[0].location)
    places.check(vs)
    for _ in read_externals(vs.objects, entries.values()):
        pass
