"""Making the deduplication index say what the packs hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from datavc.db import chunks as chunk_rows
from datavc.db import packs as pack_rows
from datavc.db.packs import PackRow
from datavc.errors import DataCorrupt, NotFound
from datavc.model.entry import ChunkRef
from datavc.store.chunk_list import measure_chunk_list
from datavc.store.pack import PackRecord
from datavc.store.record import RecordKind
from datavc.versioning.versioned_store import VersionedStore

_BATCH = 8192
#: Packs looked up at once.
_PAGE = 500


def repair_index(vs: VersionedStore) -> int:
    """Remove lines that name packs which are not there, and add those that are missing.

    A pack whose own index cannot be read is passed over: :func:`datavc.versioning.fsck.check_store`
    tells of it.

    Returns:
        How many lines were removed or added.
    """
    with vs.db.write() as conn:
        changed = chunk_rows.remove_stray(conn)
    for page in pack_rows.pages(vs.db, _PAGE):
        changed += sum(_repair_pack(vs, row) for row in page)
    return changed


def _repair_pack(vs: VersionedStore, row: PackRow) -> int:
    try:
        records = vs.objects.footer(row.id).records()
    except (NotFound, DataCorrupt):
        return 0
    changed = 0
    while batch := list(islice(records, _BATCH)):
        missing = _missing(vs, batch)
        if missing:
            vs.chunks.add_pack(row.id, row.size, missing)
            changed += len(missing)
    return changed


def _missing(vs: VersionedStore, records: Sequence[PackRecord]) -> list[ChunkRef]:
    listed = [one for one in records if one.kind in (RecordKind.CHUNK, RecordKind.CHUNK_LIST)]
    known = vs.chunks.lookup([one.digest for one in listed])
    return [
        ChunkRef(one.digest, _size(vs, one), one.location)
        for one in listed
        if one.digest not in known
    ]


def _size(vs: VersionedStore, record: PackRecord) -> int:
    if record.kind == RecordKind.CHUNK:
        return record.raw_size
    payload = vs.objects.read(record.location, record.digest, RecordKind.CHUNK_LIST)
    return measure_chunk_list(payload)[1]
