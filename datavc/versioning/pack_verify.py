"""Reading every record of a pack, and computing its digest anew."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from datavc.errors import DataCorrupt, NotFound
from datavc.model.entry import ChunkRef
from datavc.model.ids import digest_of
from datavc.model.tree.node import decode_node
from datavc.store.backend import Buffer
from datavc.store.chunk_list import decode_chunk_list, measure_chunk_list
from datavc.store.key import pack_key
from datavc.store.objects import ObjectStore, plan_reads
from datavc.store.pack import PackFooter, PackRecord
from datavc.store.record import RecordKind, decode_record


def verify_records(objects: ObjectStore, footer: PackFooter) -> Iterator[str]:
    """What is wrong with the records of a pack, one line for each that is.

    Raises:
        StoreUnavailable: the store is away.
    """
    records = footer.records()
    wanted = ((one.location, one.digest, RecordKind.CHUNK) for one in footer.records())
    for run in plan_reads(wanted):
        batch = list(islice(records, len(run)))
        start = batch[0].location.offset
        end = batch[-1].location.offset + batch[-1].location.length
        try:
            data = memoryview(objects.backend.get(pack_key(footer.pack), start, end - start))
        except (NotFound, DataCorrupt) as error:
            yield error.message
            continue
        for record in batch:
            at = record.location.offset - start
            problem = _verify(record, data[at : at + record.location.length])
            if problem:
                yield problem


def _verify(record: PackRecord, data: Buffer) -> str:
    try:
        kind = RecordKind(record.kind)
        plain = decode_record(data, record.location, record.digest, kind)
        if kind is RecordKind.NODE:
            decode_node(bytes(plain), record.digest)
        elif kind is RecordKind.CHUNK_LIST:
            depth, size = measure_chunk_list(plain)
            decode_chunk_list(plain, ChunkRef(record.digest, size, record.location), depth)
        elif digest_of(plain) != record.digest:
            return f"the record at offset {record.location.offset} has another digest"
    except (DataCorrupt, ValueError) as error:
        return str(error)
    return ""
