"""Hypothesis strategies for datavc's values, and an in-memory place for nodes.

Needs the extra ``datavc[testing]``.
"""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from datavc.model.entry import EMPTY_FOLDER, ChunkRef, Entry, EntryKind, Location
from datavc.model.ids import DIGEST_SIZE
from datavc.model.tree.node import Node, decode_node

#: Parts that sort around the slash, so that folder order and plain text order differ.
_PARTS = st.text("ab-.0é", min_size=1, max_size=3).filter(lambda part: part not in (".", ".."))

#: Paths of one to four parts, over few letters, so that folders are shared and names collide.
paths: st.SearchStrategy[str] = st.lists(_PARTS, min_size=1, max_size=4).map("/".join)

locations: st.SearchStrategy[Location] = st.builds(
    Location,
    pack=st.binary(min_size=16, max_size=16),
    offset=st.integers(0, 2**40),
    length=st.integers(64, 2**32),
)

digests: st.SearchStrategy[bytes] = st.binary(min_size=DIGEST_SIZE, max_size=DIGEST_SIZE)

chunk_refs: st.SearchStrategy[ChunkRef] = st.builds(
    ChunkRef, digest=digests, size=st.integers(1, 2**20), location=locations
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """An entry: empty, of one chunk, of several, or of chunk lists; or a link."""
    kind = draw(st.sampled_from([EntryKind.FILE, EntryKind.SYMLINK]))
    executable = kind is EntryKind.FILE and draw(st.booleans())
    refs = tuple(draw(st.lists(chunk_refs, max_size=3)))
    depth = draw(st.integers(0, 2)) if refs else 0
    digest = draw(digests)
    if len(refs) == 1 and not depth:
        return Entry(refs[0].size, refs[0].digest, refs, 0, executable, kind)
    return Entry(sum(ref.size for ref in refs), digest, refs, depth, executable, kind)


#: A few entries that differ, for trees where equality matters and content does not.
SIMPLE_ENTRIES = tuple(
    Entry(
        number + 1,
        bytes([number]) * DIGEST_SIZE,
        (ChunkRef(bytes([number]) * DIGEST_SIZE, number + 1, Location(bytes(16), number, 64)),),
    )
    for number in range(4)
)

simple_entries: st.SearchStrategy[Entry] = st.sampled_from(SIMPLE_ENTRIES)


def without_collisions(files: Mapping[str, Entry]) -> dict[str, Entry]:
    """The part of *files* in which no path is both a file and a folder."""
    folders = {path[:index] for path in files for index, letter in enumerate(path) if letter == "/"}
    return {path: entry for path, entry in files.items() if path not in folders}


def _with_marks(files: dict[str, Entry], folders: list[str]) -> dict[str, Entry]:
    return without_collisions(files | {f"{folder}/": EMPTY_FOLDER for folder in folders})


#: What a tree may hold: files, and marks of empty folders.
tree_files: st.SearchStrategy[dict[str, Entry]] = st.builds(
    _with_marks,
    st.dictionaries(paths, simple_entries, max_size=60),
    st.lists(paths, max_size=4),
)


class NodeMemory:
    """Keeps nodes and change sets in memory, and counts how often each is read."""

    def __init__(self) -> None:
        self._payloads: dict[tuple[bytes, Location], bytes] = {}
        #: Digest of every node read, in order.
        self.loads: list[bytes] = []
        #: Bytes of every payload saved.
        self.saved: list[int] = []

    def save(self, digest: bytes, payload: bytes) -> Location:
        """Keep a node."""
        location = Location(bytes(16), len(self._payloads), len(payload))
        self._payloads[digest, location] = payload
        self.saved.append(len(payload))
        return location

    def load(self, digest: bytes, location: Location) -> Node:
        """Read a node back."""
        self.loads.append(digest)
        return decode_node(self._payloads[digest, location], digest)

    def save_change_set(self, digest: bytes, payload: bytes) -> Location:
        """Keep a change-set record."""
        return self.save(digest, payload)

    def load_change_set(self, digest: bytes, location: Location) -> bytes:
        """Read a change-set record back."""
        return self._payloads[digest, location]
