"""First arrival of a pack: every record is read once, and must be what the index says it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import Connection

from datavc.db import packs
from datavc.db.chunks import add_pack
from datavc.errors import Collected, DataCorrupt, DatavcError, InvalidInput, NotFound
from datavc.model.entry import ChunkRef, Location
from datavc.model.external import decode_external
from datavc.model.ids import digest_of
from datavc.store.backend import Buffer
from datavc.store.backends.memory import MemoryBackend
from datavc.store.chunk_list import decode_chunk_list, measure_chunk_list
from datavc.store.key import pack_key
from datavc.store.objects import ObjectStore, plan_reads
from datavc.store.pack import PackFooter, PackRecord
from datavc.store.record import HEADER_SIZE, RecordKind, decode_header, decode_record
from datavc.versioning.nodes import NodeStore
from datavc.versioning.versioned_store import VersionedStore
from datavc_server.problem import RefusedUpload

#: Largest plain payload of a record that a client may bring: it stands in memory once.
MAX_PLAIN = 256 * 1024 * 1024


class Places:
    """Where records are said to lie: each pack, and up to where in it."""

    def __init__(self) -> None:
        self._ends: dict[bytes, int] = {}
        #: Sizes of packs that were looked up.
        self._sizes: dict[bytes, int] = {}

    def add(self, location: Location) -> None:
        """Note one place."""
        end = location.offset + location.length
        if end > self._ends.get(location.pack, -1):
            self._ends[location.pack] = end

    def check(self, vs: VersionedStore, own: PackFooter | None = None) -> None:
        """Make sure that every pack is registered, or is *own*, and reaches that far.

        Raises:
            InvalidInput: one is not, or does not.
            Collected: one is not any more.
        """
        if own is not None:
            self._sizes[own.pack] = own.size
        unknown = self._ends.keys() - self._sizes.keys()
        if unknown:
            with vs.db.read() as conn:
                self._sizes |= {pack: _size_of(conn, pack) for pack in unknown}
        for pack, end in self._ends.items():
            size = self._sizes[pack]
            if end > size:
                raise InvalidInput(f"pack {pack.hex()} has {size} bytes, and no byte {end}")


def _size_of(conn: Connection, pack: bytes) -> int:
    row = packs.find(conn, pack)
    if row is None:
        _check_not_collected(conn, pack)
        raise InvalidInput(
            f"pack {pack.hex()} is not registered",
            hint="upload and register packs before what refers to them",
        )
    return row.size


def _check_not_collected(conn: Connection, pack: bytes) -> None:
    if packs.was_dropped(conn, pack):
        raise Collected(
            f"pack {pack.hex()} was collected before what relies on it landed",
            hint="write it again: nothing was made visible",
        )


def register_pack(vs: VersionedStore, pack: bytes, content: bytes | None = None) -> packs.PackRow:
    """Check an uploaded pack, and make it and its chunks known. Once it is, nothing is done.

    *content* is all of it, where that was kept when it arrived.

    Raises:
        NotFound: it was not uploaded.
        RefusedUpload: it is damaged, or holds what clients may not bring.
    """
    with vs.db.read() as conn:
        row = packs.find(conn, pack)
    if row is not None:
        return row
    objects, places = vs.objects, Places()
    if content is not None:
        memory = MemoryBackend()
        memory.put(pack_key(pack), content)
        objects = ObjectStore(memory)
    try:
        footer = objects.footer(pack)
        chunks = list(_checked_chunks(objects, footer, places, vs.nodes))
        places.check(vs, footer)
    except (DataCorrupt, InvalidInput) as error:
        raise RefusedUpload(error) from None
    # Who brought it relies on it from now on, whatever crashes.
    with vs.db.write() as conn:
        add_pack(conn, pack, footer.size, chunks)
    with vs.db.read() as conn:
        row = packs.find(conn, pack)
    if row is None:
        raise NotFound(f"pack {pack.hex()} was removed while it was registered")
    return row


def _checked_chunks(
    objects: ObjectStore, footer: PackFooter, places: Places, nodes: NodeStore
) -> Iterator[ChunkRef]:
    for run in _runs(footer):
        start = run[0].location.offset
        end = run[-1].location.offset + run[-1].location.length
        data = memoryview(objects.backend.get(pack_key(footer.pack), start, end - start))
        for record in run:
            at = record.location.offset - start
            plain = _plain(data[at : at + record.location.length], record)
            chunk = _check_kind(record, plain, places)
            if record.kind == RecordKind.CHANGE_SET:
                # It comes to be used, and so will be read soon.
                nodes.remember([((record.digest, record.location), bytes(plain))])
            if chunk is not None:
                yield chunk


def _runs(footer: PackFooter) -> Iterator[list[PackRecord]]:
    """The records in runs that are read in one go."""
    records = footer.records()
    wanted = (_bounded(record) for record in footer.records())
    for run in plan_reads((one.location, one.digest, RecordKind.CHUNK) for one in wanted):
        yield list(islice(records, len(run)))


def _bounded(record: PackRecord) -> PackRecord:
    length = record.location.length
    if length < HEADER_SIZE or max(length - HEADER_SIZE, record.raw_size) > MAX_PLAIN:
        raise _corrupt(record, "has an impossible size")
    return record


def _plain(data: Buffer, record: PackRecord) -> Buffer:
    # Before anything is unpacked, its claimed size is held against the index, which is bounded.
    if decode_header(data, record.location).raw_size != record.raw_size:
        raise _corrupt(record, "has another size than the pack's index says")
    return decode_record(data, record.location, record.digest, _kind(record))


def _kind(record: PackRecord) -> RecordKind:
    kinds: Iterable[RecordKind] = (
        RecordKind.CHUNK,
        RecordKind.CHUNK_LIST,
        RecordKind.CHANGE_SET,
        RecordKind.EXTERNAL,
    )
    for kind in kinds:
        if kind == record.kind:
            return kind
    raise InvalidInput(
        f"a record of kind {record.kind} in pack {record.location.pack.hex()} is not for clients",
        hint="clients store contents and change sets; the server makes the rest",
    )


def _check_kind(record: PackRecord, plain: Buffer, places: Places) -> ChunkRef | None:
    if record.kind == RecordKind.CHUNK_LIST:
        depth, size = measure_chunk_list(plain)
        listed = ChunkRef(record.digest, size, record.location)
        for ref in decode_chunk_list(plain, listed, depth):
            places.add(ref.location)
        return listed
    if digest_of(plain) != record.digest:
        raise _corrupt(record, "does not have the content that its digest promises")
    if record.kind == RecordKind.EXTERNAL:
        decode_external(plain)
    if record.kind == RecordKind.CHUNK:
        return ChunkRef(record.digest, record.raw_size, record.location)
    return None


def _corrupt(record: PackRecord, problem: str) -> DatavcError:
    at = record.location
    return DataCorrupt(f"the record at offset {at.offset} of pack {at.pack.hex()} {problem}")
