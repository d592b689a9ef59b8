"""What differs between a local folder and a tree.

A folder that is as it was when it was last compared with the same tree costs one look at its names
and stats; files are read only where their stats have changed since.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from datavc.errors import SourceUnreadable
from datavc.model.commit import TreeRef
from datavc.model.entry import EMPTY_FOLDER, Entry, EntryKind
from datavc.model.file_info import ChangeKind, FileInfo
from datavc.model.ids import DIGEST_SIZE, digest_of
from datavc.model.link_handling import LinkHandling
from datavc.model.tree.lookup import lookup
from datavc.model.tree.node import NodeSource
from datavc.model.tree.scan import file_info, list_folder, scan
from datavc.store.objects import ObjectStore
from datavc.versioning.ignore_rules import IgnoreRules
from datavc.versioning.local_files import LocalFile, is_executable
from datavc.versioning.local_folder import LocalFolder, read_folder
from datavc.versioning.local_links import read_link
from datavc.versioning.stat_cache import FolderStats, StatCacheReader, StatCacheWriter
from datavc.versioning.working_copy.copy_state import STATE_FOLDER
from datavc.versioning.working_copy.external_files import on_disk

#: A digest of a file that was not read yet.
_UNKNOWN = bytes(DIGEST_SIZE)
_SMALL = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LocalChange:
    """A path at which folder and tree differ."""

    #: Below the folder; ends in a slash for an empty folder.
    path: str
    kind: ChangeKind
    #: What is there now, without its references; ``None`` where it was removed.
    entry: Entry | None
    #: To read it from; ``None`` for an empty folder too.
    file: LocalFile | None = None

    def makes(self, entry: Entry | None, objects: ObjectStore) -> bool:
        """Whether what is there now is just *entry*; *objects* tells what it holds."""
        if entry is None or self.entry is None:
            return entry is self.entry
        # Only what has the right size is worth a look at what an external file holds.
        there = on_disk(objects, entry) if entry.size == self.entry.size else entry
        return there.same_content(self.entry)


class Comparison:
    """One pass over a folder.

    Args:
        root: the folder.
        tree: what it is compared with.
        prefix: the part of the tree that is meant; ends in a slash, or is empty.
        source: loads the tree's nodes.
        objects: tells what external files hold.
        old: what was remembered by the last pass.
        new: told what to remember.
    """

    def __init__(
        self,
        root: Path,
        tree: TreeRef,
        prefix: str,
        source: NodeSource,
        objects: ObjectStore,
        old: StatCacheReader,
        new: StatCacheWriter,
    ) -> None:
        self._root = os.fspath(root)
        self._tree = tree
        self._prefix = prefix
        self._source = source
        self._objects = objects
        self._old = old
        self._new = new
        self._held = held_mark(tree, prefix)

    def changes(self) -> Iterator[LocalChange]:
        """The differences, sorted by path.

        Raises:
            SourceUnreadable: something in the folder cannot be read, or is no file, folder or link.
            InvalidPath: a name cannot be kept.
        """
        return self._folder("", IgnoreRules())

    def _folder(self, name: str, rules: IgnoreRules) -> Iterator[LocalChange]:
        local = read_folder(f"{self._root}/{name}".rstrip("/"), links=LinkHandling.KEEP)
        if not name:
            local = local.without({f"{STATE_FOLDER}/"})
        rules = rules.within(name, local)
        local = rules.kept(name, local)
        known = self._old.folder(name)
        if known is not None and self._is_as_it_was(known, local):
            self._new.add(known)
            # A slash follows their names in paths, which decides the order.
            for sub in sorted(f"{sub}/" for sub in local.subfolders):
                yield from self._folder(name + sub, rules)
            return
        yield from self._compare(name, local, known, rules)

    def _is_as_it_was(self, known: FolderStats, local: LocalFolder) -> bool:
        return (
            known.held == self._held
            and known.stats == local.stats
            and known.names == local.names
            and known.subfolders == local.subfolders
        )

    def _compare(
        self, name: str, local: LocalFolder, known: FolderStats | None, rules: IgnoreRules
    ) -> Iterator[LocalChange]:
        digests = bytearray(len(local.names) * DIGEST_SIZE)
        if known is not None:
            digests, unknown = known.carry_over(local)
            for index in unknown:
                digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE] = _UNKNOWN
        there = _Present(name, local, digests)
        base = self._base(name, rules)
        same = not self._lacks_mark(name, local)
        if not same:
            yield LocalChange(name, ChangeKind.ADDED, EMPTY_FOLDER)
        for key in sorted({*there.keys(), *base}):
            if key.endswith("/"):
                if there.has_folder(key):
                    yield from self._folder(name + key, rules)
                    continue
                found = self._removed_below(name + key, rules)
            else:
                found = there.compare(key, self._on_disk(there, key, base.get(key)))
            for change in found:
                same = False
                yield change
        held = self._held if same else b""
        stats = FolderStats(name, local.names, local.stats, bytes(digests), local.subfolders, held)
        self._new.add(stats)

    def _on_disk(self, there: _Present, key: str, base: FileInfo | None) -> FileInfo | None:
        """*base* as it is on disk, where it could be what is there."""
        if base is None or base.kind is not EntryKind.EXTERNAL or there.size(key) != base.size:
            return base
        entry = lookup(self._tree, base.path, self._source)
        return base if entry is None else file_info(base.path, on_disk(self._objects, entry))

    def _base(self, name: str, rules: IgnoreRules) -> dict[str, FileInfo]:
        prefix = self._prefix + name
        found = list_folder(self._tree, self._source, prefix)
        return {
            info.path[len(prefix) :]: info
            for info in found
            if not rules.ignores(info.path[len(self._prefix) :])
        }

    def _removed_below(self, folder: str, rules: IgnoreRules) -> Iterator[LocalChange]:
        for path, _ in scan(self._tree, self._source, self._prefix + folder):
            below = path[len(self._prefix) :]
            if not rules.ignores(below):
                yield LocalChange(below, ChangeKind.REMOVED, None)

    def _lacks_mark(self, name: str, local: LocalFolder) -> bool:
        if not name or local.names or local.subfolders:
            return False
        return lookup(self._tree, self._prefix + name, self._source) is None


def held_mark(tree: TreeRef, prefix: str) -> bytes:
    """What is remembered of folders that a tree holds just as they are."""
    return digest_of(tree.digest + prefix.encode())


class _Present:
    """What is in one folder, compared file by file."""

    def __init__(self, name: str, local: LocalFolder, digests: bytearray) -> None:
        self._name = name
        self._local = local
        self._digests = digests
        self._sizes, self._modes = local.sizes(), local.modes()
        self._index = {file: index for index, file in enumerate(local.names)}
        self._folders = {f"{sub}/" for sub in local.subfolders}

    def keys(self) -> set[str]:
        return self._folders.union(self._index)

    def has_folder(self, key: str) -> bool:
        return key in self._folders

    def size(self, key: str) -> int | None:
        """Bytes of a file, or ``None`` where there is none."""
        index = self._index.get(key)
        return None if index is None else self._sizes[index]

    def compare(self, key: str, base: FileInfo | None) -> Iterator[LocalChange]:
        index = self._index.get(key)
        path = self._name + key
        if index is None:
            yield LocalChange(path, ChangeKind.REMOVED, None)
            return
        entry, file = self._entry(index, path)
        if base is None:
            yield LocalChange(path, ChangeKind.ADDED, entry, file)
        elif not _is_same(entry, base):
            yield LocalChange(path, ChangeKind.MODIFIED, entry, file)

    def _entry(self, index: int, path: str) -> tuple[Entry, LocalFile]:
        size, mode = self._sizes[index], self._modes[index]
        local = f"{self._local.path}/{self._local.names[index]}"
        is_link = stat.S_ISLNK(mode)
        at = slice(index * DIGEST_SIZE, (index + 1) * DIGEST_SIZE)
        if self._digests[at] == _UNKNOWN:
            self._digests[at] = digest_of(read_link(local)) if is_link else _digest(local, size)
        digest = bytes(self._digests[at])
        kind = EntryKind.SYMLINK if is_link else EntryKind.FILE
        executable = is_executable(mode)
        entry = Entry(size, digest, executable=executable, kind=kind)
        return entry, LocalFile(path, local, size, executable, is_link)


def _is_same(entry: Entry, base: FileInfo) -> bool:
    return (entry.digest.hex(), entry.executable, entry.kind) == (
        base.digest,
        base.executable,
        base.kind,
    )


def _digest(path: str, size: int) -> bytes:
    try:
        if size > _SMALL:
            return blake3(max_threads=blake3.AUTO).update_mmap(path).digest()
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            data = os.read(handle, size + 1)
        finally:
            os.close(handle)
    except OSError as error:
        raise SourceUnreadable(f"{path!r} cannot be read: {error.strerror}") from None
    if len(data) != size:
        raise SourceUnreadable(
            f"{path!r} changed while it was read", hint="try again once it is at rest"
        )
    return digest_of(data)
