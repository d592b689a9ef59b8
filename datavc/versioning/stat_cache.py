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
from typing import BinaryIO

import msgspec
from xxhash import xxh3_64_digest

from datavc.model.ids import DIGEST_SIZE, digest_of
from datavc.versioning.local_folder import LocalFolder

#: A file changed so shortly before the folder was read may change again within the same tick of
#: its file system's clock, unseen; so it is not trusted. Nanoseconds.
_UNSETTLED_NS = 2_000_000_000

_TRAILER = struct.Struct("<QQ8s8s")
_MAGIC = b"DVCSTAT1"


class FolderStats(msgspec.Struct, array_like=True):
    """What one folder's files were like; columns sorted by name, as in :class:`LocalFolder`."""

    folder: str
    names: list[str]
    stats: list[tuple[int, int, int, int, int]]
    #: Content digests end to end.
    digests: bytes

    def matches(self, folder: LocalFolder) -> bool:
        """Whether every file is as it was."""
        return self.stats == folder.stats and self.names == folder.names

    def digest(self, index: int) -> bytes:
        """Content digest of the file at *index*."""
        return self.digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE]


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

    def read(self) -> StatCacheReader:
        """What was remembered last; nothing if that cannot be read."""
        return StatCacheReader(self._path)

    def write(self, started_ns: int) -> StatCacheWriter:
        """Start to remember anew.

        Args:
            started_ns: when reading the folder began, in nanoseconds since the Unix epoch.
        """
        return StatCacheWriter(self._path, started_ns)

    def synced_tree(self) -> bytes:
        """Digest of the tree that holds all that is remembered; empty if none is known to."""
        try:
            data = self._sync_path.read_bytes()
        except OSError:
            return b""
        return data if len(data) == DIGEST_SIZE else b""

    def set_synced_tree(self, digest: bytes) -> None:
        """Say that the tree of that digest holds all that is remembered."""
        with contextlib.suppress(OSError):
            _replace(self._sync_path, digest)

    def forget_synced_tree(self) -> None:
        """Say that no tree is known to hold all that is remembered."""
        with contextlib.suppress(OSError):
            self._sync_path.unlink(missing_ok=True)


class StatCacheReader:
    """Looks up folders in a cache file."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO | None = None
        self._index: dict[str, tuple[int, int]] = {}
        with contextlib.suppress(OSError, ValueError, struct.error, msgspec.MsgspecError):
            self._file = path.open("rb")
            self._file.seek(-_TRAILER.size, os.SEEK_END)
            offset, length, checksum, magic = _TRAILER.unpack(self._file.read(_TRAILER.size))
            self._file.seek(offset)
            index = self._file.read(length)
            if magic == _MAGIC and xxh3_64_digest(index) == checksum:
                self._index = _decode_index(index)

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
                return _decode_stats(block)
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
        settled = self._settled_ns
        if any(one[1] >= settled or one[2] >= settled for one in stats.stats):
            stats = FolderStats(
                stats.folder,
                stats.names,
                [
                    one if one[1] < settled and one[2] < settled else (-1, 0, 0, 0, 0)
                    for one in stats.stats
                ],
                stats.digests,
            )
        block = _encode(stats)
        self._put(xxh3_64_digest(block) + block, stats.folder)

    def close(self) -> None:
        """Put the new cache in the place of the old one."""
        if self._file is None:
            return
        index = _encode(self._index)
        trailer = _TRAILER.pack(self._offset, len(index), xxh3_64_digest(index), _MAGIC)
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
