"""What a job's meta tree says of each datum: where its output's change set lies.

A meta tree's paths are datum keys in hex; each file is a small record, so that two jobs are
compared, and the datums that only one of them has are found, by a diff of two trees.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from datavc.errors import DataCorrupt
from datavc.model.change_set import StagedRecord, read_change_set
from datavc.model.entry import Entry, Location
from datavc.store.content import read_content
from datavc.versioning.versioned_store import VersionedStore

_FORMAT = "datavc.datum_facts.1"
_Facts = tuple[str, bytes, bytes, int, int, int, int, int]


def encode_facts(output: StagedRecord) -> bytes:
    """The record that stands for a datum with this output."""
    at = output.location
    return msgspec.msgpack.encode(
        (
            _FORMAT,
            output.digest,
            at.pack,
            at.offset,
            at.length,
            output.puts,
            output.removals,
            output.bytes,
        )
    )


def read_facts(vs: VersionedStore, path: str, entry: Entry) -> StagedRecord:
    """The output of the datum at *path* of a meta tree.

    Raises:
        DataCorrupt: it is no such record.
    """
    data = b"".join(read_content(vs.objects, entry))
    try:
        form, digest, pack, offset, length, puts, removals, size = msgspec.msgpack.decode(
            data, type=_Facts
        )
    except msgspec.DecodeError:
        form = ""
    if form != _FORMAT:
        raise DataCorrupt(f"the record of datum {path} is not one that datavc wrote")
    return StagedRecord(digest, Location(pack, offset, length), puts, removals, size)


def read_output(vs: VersionedStore, output: StagedRecord) -> Iterator[tuple[str, Entry]]:
    """The files that a datum put out, sorted by path."""
    for path, entry in read_change_set(output.location, output.digest, vs.nodes):
        if entry is not None:
            yield path, entry
