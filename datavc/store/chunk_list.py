"""Lists of chunks that are too long to stand in an entry: how they are cut and written down.

The byte layout is in ``docs/format/pack.md``. A list's digest covers what it lists and not where
that lies, and is derived in a domain of its own, so no file's content can have it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from blake3 import blake3

from datavc.errors import DataCorrupt
from datavc.model.entry import PACK_ID_SIZE, ChunkRef, Location
from datavc.model.ids import DIGEST_SIZE
from datavc.store.backend import Buffer

#: So many refs stand in an entry itself.
MAX_INLINE = 16
#: A list ends after a ref whose digest, as a big-endian number, is divisible by this: its mean
#: length. Cutting by content keeps the lists around a change equal.
MEAN_LENGTH = 256
#: A list ends here in any case.
MAX_LENGTH = 1024

_CONTEXT = "datavc 2026-11 chunk list"
_LOGICAL = struct.Struct("<II")
_PACKS = struct.Struct("<I")


def cut_refs(refs: Sequence[ChunkRef]) -> list[Sequence[ChunkRef]]:
    """*refs* cut into lists, by their digests."""
    lists: list[Sequence[ChunkRef]] = []
    start = 0
    for at, ref in enumerate(refs, 1):
        if ref.digest[-1] % MEAN_LENGTH == 0 or at - start == MAX_LENGTH:
            lists.append(refs[start:at])
            start = at
    if start < len(refs):
        lists.append(refs[start:])
    return lists


def encode_chunk_list(refs: Sequence[ChunkRef], depth: int) -> tuple[bytes, bytes]:
    """Digest and payload of the list of *refs*; *depth* 0 lists chunks, n lists of depth n - 1."""
    count = len(refs)
    logical = b"".join(
        (
            _LOGICAL.pack(depth, count),
            struct.pack(f"<{count}Q", *(ref.size for ref in refs)),
            *(ref.digest for ref in refs),
        )
    )
    packs = {pack: at for at, pack in enumerate(dict.fromkeys(ref.location.pack for ref in refs))}
    physical = b"".join(
        (
            _PACKS.pack(len(packs)),
            *packs,
            struct.pack(f"<{count}I", *(packs[ref.location.pack] for ref in refs)),
            struct.pack(f"<{count}Q", *(ref.location.offset for ref in refs)),
            struct.pack(f"<{count}I", *(ref.location.length for ref in refs)),
        )
    )
    return _digest(logical), logical + physical


def measure_chunk_list(payload: Buffer) -> tuple[int, int]:
    """Depth of the list in *payload*, and the bytes of content that it claims to stand for.

    Raises:
        DataCorrupt: it is cut short.
    """
    try:
        depth, count = _LOGICAL.unpack_from(payload)
        return depth, sum(struct.unpack_from(f"<{count}Q", payload, _LOGICAL.size))
    except struct.error:
        raise DataCorrupt("a chunk list is cut short") from None


def decode_chunk_list(payload: Buffer, listed: ChunkRef, depth: int) -> list[ChunkRef]:
    """The refs in *payload*, the list of *depth* that *listed* stands for.

    Raises:
        DataCorrupt: it is malformed, or does not list what *listed* says.
    """
    try:
        written_depth, count = _LOGICAL.unpack_from(payload)
        sizes = struct.unpack_from(f"<{count}Q", payload, _LOGICAL.size)
        digests = _LOGICAL.size + 8 * count
        end = digests + DIGEST_SIZE * count
        (pack_count,) = _PACKS.unpack_from(payload, end)
        table = end + _PACKS.size
        columns = table + PACK_ID_SIZE * pack_count
        packs = [
            bytes(payload[at : at + PACK_ID_SIZE]) for at in range(table, columns, PACK_ID_SIZE)
        ]
        homes = struct.unpack_from(f"<{count}I", payload, columns)
        offsets = struct.unpack_from(f"<{count}Q", payload, columns + 4 * count)
        lengths = struct.unpack_from(f"<{count}I", payload, columns + 12 * count)
        refs = [
            ChunkRef(
                bytes(payload[digests + DIGEST_SIZE * at : digests + DIGEST_SIZE * (at + 1)]),
                sizes[at],
                Location(packs[homes[at]], offsets[at], lengths[at]),
            )
            for at in range(count)
        ]
    except (struct.error, IndexError):
        raise _corrupt(listed, "is malformed") from None
    if written_depth != depth or sum(sizes) != listed.size:
        raise _corrupt(listed, "does not list what it should")
    if _digest(payload[:end]) != listed.digest:
        raise _corrupt(listed, "has another digest")
    return refs


def _digest(logical: Buffer) -> bytes:
    return blake3(logical, derive_key_context=_CONTEXT).digest()


def _corrupt(listed: ChunkRef, problem: str) -> DataCorrupt:
    at = listed.location
    return DataCorrupt(f"the chunk list at offset {at.offset} of pack {at.pack.hex()} {problem}")
