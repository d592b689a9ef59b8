"""Queries on packs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from datavc.db.conflict_insert import insert_if_new, insert_into
from datavc.db.session import Database
from datavc.db.tables import Chunk, DroppedPack, Pack
from datavc.errors import Collected

#: Ids given to one statement.
_BATCH = 500
#: Lines of the chunk index that are looked up one by one; for more, it is scanned.
FEW_CHUNKS = 100_000
#: Name of PostgreSQL's advisory lock between those who add packs and those who drop them.
_ADDING = 0x6461746176630001


@dataclass(frozen=True, slots=True)
class PackRow:
    """A durable pack."""

    #: 16 bytes.
    id: bytes
    #: Bytes, footer included.
    size: int
    #: Chunks that the index was told of when the pack was added.
    chunks: int
    created_us: int


def create(conn: Connection, pack: PackRow) -> bool:
    """Add a pack; ``False`` when it is known already."""
    row = {
        "id": pack.id,
        "size": pack.size,
        "chunks": pack.chunks,
        "created_us": pack.created_us,
    }
    return insert_if_new(conn, Pack, row)


def find(conn: Connection, pack: bytes) -> PackRow | None:
    """The pack with this id, or ``None``."""
    row = conn.execute(
        select(Pack.c.id, Pack.c.size, Pack.c.chunks, Pack.c.created_us).where(Pack.c.id == pack)
    ).first()
    return None if row is None else PackRow(*row)


def list_packs(conn: Connection, *, after: bytes = b"", limit: int = 1000) -> list[PackRow]:
    """Packs by id, which is by age, from the first id past *after*; none that was rewritten."""
    statement = (
        select(Pack.c.id, Pack.c.size, Pack.c.chunks, Pack.c.created_us)
        .where(Pack.c.id > after, Pack.c.moved_us.is_(None))
        .order_by(Pack.c.id)
        .limit(limit)
    )
    return [PackRow(*row) for row in conn.execute(statement)]


def pages(database: Database, size: int) -> Iterator[list[PackRow]]:
    """Every pack that was not rewritten, by id, *size* at a time, each page as it is by then."""
    after = b""
    while True:
        with database.read() as conn:
            page = list_packs(conn, after=after, limit=size)
        if not page:
            return
        after = page[-1].id
        yield page


def known_among(conn: Connection, packs: Sequence[bytes]) -> set[bytes]:
    """Those of *packs* that are known, and were not rewritten."""
    known: set[bytes] = set()
    for start in range(0, len(packs), _BATCH):
        batch = Pack.c.id.in_(packs[start : start + _BATCH])
        known.update(conn.scalars(select(Pack.c.id).where(batch, Pack.c.moved_us.is_(None))))
    return known


def check_known(conn: Connection, packs: Collection[bytes]) -> None:
    """Make sure that packs are known, and stay so until the end of this transaction.

    Whatever makes a write visible calls it with the packs that the write relies on.

    Raises:
        Collected: one of them is not known any more.
    """
    wanted = sorted(packs)
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        statement = select(Pack.c.id).where(Pack.c.id.in_(batch))
        found = set(conn.scalars(statement.with_for_update(read=True, key_share=True)))
        gone = [pack for pack in batch if pack not in found]
        if gone:
            raise Collected(
                f"pack {gone[0].hex()} was collected before what relies on it landed",
                hint="write it again: nothing was made visible",
            )


def check_unmoved(conn: Connection, packs: Collection[bytes]) -> None:
    """As :func:`check_known`, for what was looked up in the index and nothing refers to yet.

    Rewriting a pack keeps only the records that something refers to.

    Raises:
        Collected: one of them is not known any more, or was rewritten.
    """
    check_known(conn, packs)
    wanted = sorted(packs)
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        moved = select(Pack.c.id).where(Pack.c.id.in_(batch), Pack.c.moved_us.is_not(None))
        found = conn.scalar(moved.limit(1))
        if found is not None:
            raise Collected(
                f"pack {found.hex()} was rewritten before what relies on it landed",
                hint="write it again: nothing was made visible",
            )


def list_moved(conn: Connection) -> set[bytes]:
    """Packs that were rewritten and that something may refer to yet."""
    return set(conn.scalars(select(Pack.c.id).where(Pack.c.moved_us.is_not(None))))


def move(
    conn: Connection, packs: Sequence[bytes], *, time_us: int, chunks: Collection[bytes] | None
) -> bool:
    """Say that packs were rewritten; ``False`` when one is not there to be.

    Waits for transactions that have checked one of them. *chunks* is as in :func:`drop`.
    """
    _exclude_additions(conn)
    for start in range(0, len(packs), _BATCH):
        batch = sorted(packs)[start : start + _BATCH]
        whole = Pack.c.id.in_(batch) & Pack.c.moved_us.is_(None)
        if len(conn.scalars(select(Pack.c.id).where(whole).with_for_update()).all()) != len(batch):
            return False
        conn.execute(update(Pack).where(Pack.c.id.in_(batch)).values(moved_us=time_us))
        _forget_chunks(conn, batch, chunks)
    return True


def drop(
    conn: Connection, packs: Sequence[bytes], *, time_us: int, chunks: Collection[bytes] | None
) -> None:
    """Forget packs and where their chunks lay, and let nobody make them known again.

    Args:
        conn: a transaction.
        packs: their ids.
        time_us: now.
        chunks: digests of all chunks in them. Where they are many, or not known, the whole chunk
            index is scanned: it has no order by pack, which is the price of fast inserts.
    """
    _exclude_additions(conn)
    for start in range(0, len(packs), _BATCH):
        batch = packs[start : start + _BATCH]
        _forget_chunks(conn, batch, chunks)
        conn.execute(delete(Pack).where(Pack.c.id.in_(batch)))
        rows = [{"id": pack, "dropped_us": time_us} for pack in batch]
        conn.execute(insert_into(conn, DroppedPack).on_conflict_do_nothing(), rows)


def _forget_chunks(
    conn: Connection, packs: Sequence[bytes], chunks: Collection[bytes] | None
) -> None:
    gone = delete(Chunk).where(Chunk.c.pack.in_(packs))
    if chunks is None or len(chunks) > FEW_CHUNKS:
        conn.execute(gone)
        return
    # In key order, each page of the index is touched once.
    ordered = sorted(chunks)
    for start in range(0, len(ordered), _BATCH):
        conn.execute(gone.where(Chunk.c.digest.in_(ordered[start : start + _BATCH])))


def drop_unknown(conn: Connection, packs: Sequence[bytes], *, time_us: int) -> list[bytes]:
    """Those of *packs* that are not known; from now on nobody can make them so."""
    _exclude_additions(conn)
    known: set[bytes] = set()
    for start in range(0, len(packs), _BATCH):
        batch = packs[start : start + _BATCH]
        known.update(conn.scalars(select(Pack.c.id).where(Pack.c.id.in_(batch))))
    dropped = [pack for pack in packs if pack not in known]
    if dropped:
        rows = [{"id": pack, "dropped_us": time_us} for pack in dropped]
        conn.execute(insert_into(conn, DroppedPack).on_conflict_do_nothing(), rows)
    return dropped


def was_dropped(conn: Connection, pack: bytes) -> bool:
    """Whether the pack was collected."""
    return conn.scalar(select(DroppedPack.c.id).where(DroppedPack.c.id == pack)) is not None


def forget_dropped(conn: Connection, before_us: int) -> None:
    """Drop the memory of packs that were collected before that time."""
    conn.execute(delete(DroppedPack).where(DroppedPack.c.dropped_us < before_us))


def _exclude_additions(conn: Connection) -> None:
    """Wait for the end of transactions that add packs, and let none begin to until this one ends.

    SQLite has one writer at a time anyway.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_ADDING)))


def announce_addition(conn: Connection) -> None:
    """Said by a transaction before it adds packs; see :func:`drop`."""
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock_shared(_ADDING)))
