"""What a path stands for: an entry, the chunks that hold its bytes, and where those lie.

Identity and place are kept apart: an entry's identity is its :class:`Entry` ``size``,
``digest``, ``executable`` and ``kind``; its ``refs`` only say where the bytes are at present, so
moving bytes from one pack to another changes no digest above them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from datavc.model.ids import digest_of

#: Length of a pack id in bytes (a time-ordered random id, see :func:`datavc.model.ids.new_id`).
PACK_ID_SIZE = 16


@dataclass(frozen=True, slots=True)
class Location:
    """Where one record lies: ``length`` bytes (header included) from ``offset`` in ``pack``."""

    #: The pack's id, 16 bytes.
    pack: bytes
    #: Byte offset of the record's header in the pack.
    offset: int
    #: Bytes of header and payload together, as stored.
    length: int


@dataclass(frozen=True, slots=True)
class ChunkRef:
    """One piece of content: its BLAKE3 digest, its plain size in bytes, and where it lies.

    In a list of depth above 0 the piece is itself a stored list of :class:`ChunkRef`; ``digest``
    then addresses that list's record, and ``size`` is the sum of the content below it.
    """

    digest: bytes
    size: int
    location: Location


class EntryKind(StrEnum):
    """What is at a path."""

    #: A file whose content is stored.
    FILE = "file"
    #: A symbolic link; its content is the path that it points to, in UTF-8.
    SYMLINK = "symlink"
    #: A file that lies elsewhere. Its digest is that of a stored record that says where, and
    #: which version of it is meant; ``refs`` holds that record alone, and ``depth`` is 1.
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a tree, or a mark that keeps an empty folder.

    The path of such a mark ends in a slash; see :data:`EMPTY_FOLDER`.
    """

    #: Plain size of the content in bytes.
    size: int
    #: BLAKE3-256 of the whole content, whatever the chunking; see :class:`EntryKind` for others.
    digest: bytes
    #: The pieces in order; empty for an empty file. ``depth`` says what they address.
    refs: tuple[ChunkRef, ...] = ()
    #: 0: ``refs`` are chunks. n: ``refs`` are chunk lists of depth n - 1.
    depth: int = 0
    #: Whether the file is marked executable.
    executable: bool = False
    kind: EntryKind = EntryKind.FILE

    @property
    def has_lists(self) -> bool:
        """Whether ``refs`` are chunk lists."""
        return self.depth > 0 and self.kind is not EntryKind.EXTERNAL

    def same_content(self, other: Entry | None) -> bool:
        """Whether *other* is the same file, wherever its bytes lie."""
        return (
            other is not None
            and self.digest == other.digest
            and self.size == other.size
            and self.executable == other.executable
            and self.kind is other.kind
        )


#: What stands at the path of a folder that is kept although it may hold nothing.
EMPTY_FOLDER = Entry(0, digest_of(b""))


#: What a change set says of one path: the new entry, or ``None`` for a removal.
Change = tuple[str, Entry | None]
