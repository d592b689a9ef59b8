"""Remembers what local files held when they were last put, so that unchanged ones are not read.

One cache file serves one local folder and one place in a repo. It holds a block for each folder,
written in any order, and an index at its end; so neither reading nor writing one needs memory in
proportion to the files. It is a hint: a missing, damaged or outdated one costs time alone.
"""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
from xxhash import xxh3_64_digest

from datavc.model.ids import DIGEST_SIZE, digest_of
from datavc.versioning.local_folder import STATS_SIZE, stats_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datavc.versioning.local_folder import LocalFolder

#: A file changed so shortly before the folder was read may change again within the same tick of
#: its file system's clock, unseen; so it is not trusted. Nanoseconds.
_UNSETTLED_NS = 2_000_000_000

_TRAILER = struct.Struct("<QQ8s8s8s")
_MAGIC = b"DVCSTAT2"
_STAMP_SIZE = 8


class FolderStats(msgspec.Struct, array_like=True):
    """What one folder's files were like; columns sorted by name, as in :class:`LocalFolder`."""

    folder: str
    names: list[str]
    #: Packed stats end to end; zeros for a file that is not to be trusted.
    stats: bytes
    #: Content digests end to end.
    digests: bytes
    #: In a working copy: the folders in it, and by what tree and what rules they were compared.
    subfolders: list[str] = []
    tree_mark: bytes = b""
    rules_mark: bytes = b""
    #: Names that may differ from the tree, those of folders with a slash; no others do.
    differing: list[str] = []

    def carry_over(self, folder: LocalFolder) -> tuple[bytearray, list[int]]:
        """The digests of *folder*'s files, and the indices of those that may have changed.

        Those files have zeros for a digest.
        """
        if self.names == folder.names:
            digests = bytearray(self.digests)
            if self.stats == folder.stats:
                return digests, []
            return digests, _differing(self.stats, folder.stats)
        before = {name: index for index, name in enumerate(self.names)}
        digests = bytearray(len(folder.names) * DIGEST_SIZE)
        unknown: list[int] = []
        for index, name in enumerate(folder.names):
            old = before.get(name)
            if old is None or _slot(self.stats, old, STATS_SIZE) != _slot(
                folder.stats, index, STATS_SIZE
            ):
                unknown.append(index)
            else:
                digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE] = _slot(
                    self.digests, old, DIGEST_SIZE
                )
        return digests, unknown

    def suspects(self, folder: LocalFolder, unknown: Iterable[int]) -> set[str]:
        """What may differ from the tree by now; *unknown* is what :meth:`carry_over` gave."""
        found = {*self.differing, *(folder.names[index] for index in unknown)}
        if self.names != folder.names:
            found.update(set(self.names).difference(folder.names))
        if self.subfolders != folder.subfolders:
            gone = set(self.subfolders).difference(folder.subfolders)
            found.update(f"{name}/" for name in gone)
        return found

    def is_whole(self) -> bool:
        """Whether the columns fit together."""
        files = len(self.names)
        return len(self.stats) == files * STATS_SIZE and len(self.digests) == files * DIGEST_SIZE


_decode_stats = msgspec.msgpack.Decoder(FolderStats).decode
_decode_index = msgspec.msgpack.Decoder(dict[str, tuple[int, int]]).decode
_encode = msgspec.msgpack.Encoder().encode


class StatCache:
    """The cache of one local folder for one place in a repo.

    Args:
        folder: where caches are kept.
        source: the local folder.
        place: the repo, branch and path that it is put to.
    """

    def __init__(self, folder: Path, source: Path, place: str) -> None:
        name = digest_of(_encode([str(source.resolve()), place])).hex()[:40]
        self._path = folder / f"{name}.stats"
        self._sync_path = folder / f"{name}.synced"
        self._stamp = b""

    def read(self) -> StatCacheReader:
        """What was remembered last; nothing if that cannot be read."""
        return StatCacheReader(self._path)

    def write(self, started_ns: int) -> StatCacheWriter:
        """Start to remember anew.

        Args:
            started_ns: when reading the folder began, in nanoseconds since the Unix epoch.
        """
        writer = StatCacheWriter(self._path, started_ns)
        self._stamp = writer.stamp
        return writer

    def is_synced(self, remembered: StatCacheReader, tree: bytes) -> bool:
        """Whether the tree of that digest holds all that is *remembered*."""
        try:
            return self._sync_path.read_bytes() == tree + remembered.stamp
        except OSError:
            return False

    def set_synced_tree(self, digest: bytes) -> None:
        """Say that the tree of that digest holds all that was remembered through this object.

        What another process remembers meanwhile in its place is not meant.
        """
        with contextlib.suppress(OSError):
            _replace(self._sync_path, digest + self._stamp)


class StatCacheReader:
    """Looks up folders in a cache file."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO | None = None
        self._index: dict[str, tuple[int, int]] = {}
        #: Tells what one run remembered from what others did.
        self.stamp = b""
        with contextlib.suppress(OSError, ValueError, struct.error, msgspec.MsgspecError):
            self._file = path.open("rb")
            self._file.seek(-_TRAILER.size, os.SEEK_END)
            trailer = self._file.read(_TRAILER.size)
            offset, length, stamp, checksum, magic = _TRAILER.unpack(trailer)
            self._file.seek(offset)
            index = self._file.read(length)
            if magic == _MAGIC and xxh3_64_digest(index) == checksum:
                self._index = _decode_index(index)
                self.stamp = stamp

    def folders(self) -> Iterator[str]:
        """The folders of which something is remembered."""
        return iter(self._index)

    def folder(self, name: str) -> FolderStats | None:
        """What is remembered of a folder, or ``None``."""
        place = self._index.get(name)
        if place is None or self._file is None:
            return None
        offset, length = place
        try:
            self._file.seek(offset)
            checksum = self._file.read(8)
            block = self._file.read(length - 8)
            if xxh3_64_digest(block) == checksum:
                stats = _decode_stats(block)
                return stats if stats.is_whole() else None
        except (OSError, msgspec.MsgspecError):
            pass
        return None

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()


class StatCacheWriter:
    """Writes a cache file, which replaces the old one when it is complete."""

    def __init__(self, path: Path, started_ns: int) -> None:
        self._path = path
        self._part = path
        self.stamp = os.urandom(_STAMP_SIZE)
        self._settled_ns = started_ns - _UNSETTLED_NS
        self._index: dict[str, tuple[int, int]] = {}
        self._offset = 0
        self._file: BinaryIO | None = None
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".stats-")
            self._part = Path(name)
            self._file = os.fdopen(handle, "wb")

    def add(self, stats: FolderStats) -> None:
        """Remember a folder; its files that may have changed unseen are remembered as unknown."""
        if self._file is None:
            return
        stats.stats = self._trusted(stats.stats)
        block = _encode(stats)
        self._put(xxh3_64_digest(block) + block, stats.folder)

    def close(self) -> None:
        """Put the new cache in the place of the old one."""
        if self._file is None:
            return
        index = _encode(self._index)
        checksum = xxh3_64_digest(index)
        trailer = _TRAILER.pack(self._offset, len(index), self.stamp, checksum, _MAGIC)
        try:
            self._file.write(index + trailer)
            self._file.close()
            self._part.replace(self._path)
        except OSError:
            self.abort()

    def abort(self) -> None:
        """Drop the new cache. Safe to call at any time."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
                self._part.unlink()
            self._file = None

    def _trusted(self, stats: bytes) -> bytes:
        settled = self._settled_ns
        modified, changed = stats_column(stats, 1), stats_column(stats, 2)
        if not modified or max(max(modified), max(changed)) < settled:
            return stats
        kept = bytearray(stats)
        for times in (modified, changed):
            for index in [index for index, time in enumerate(times) if time >= settled]:
                kept[index * STATS_SIZE : (index + 1) * STATS_SIZE] = bytes(STATS_SIZE)
        return bytes(kept)

    def _put(self, block: bytes, folder: str) -> None:
        if self._file is None:
            return
        try:
            self._file.write(block)
        except OSError:
            self.abort()
            return
        self._index[folder] = (self._offset, len(block))
        self._offset += len(block)


def _replace(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)


def _slot(column: bytes, index: int, size: int) -> bytes:
    return column[index * size : (index + 1) * size]


def _differing(before: bytes, after: bytes) -> list[int]:
    """The files whose packed stats differ, found by halves: most of a folder is as it was."""
    found: list[int] = []
    parts = [(0, len(after) // STATS_SIZE)]
    while parts:
        start, end = parts.pop()
        span = slice(start * STATS_SIZE, end * STATS_SIZE)
        if before[span] == after[span]:
            continue
        if end - start == 1:
            found.append(start)
            continue
        middle = (start + end) // 2
        parts += [(middle, end), (start, middle)]
    return found
