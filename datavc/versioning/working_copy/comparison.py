"""What differs between a local folder and a tree.

Where a folder was compared with the same tree before, only the names that differed then, and those
whose stats have changed since, are compared again. Files are read only where their stats have
changed.
"""

from __future__ import annotations

import os
import stat
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
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
        self._mark = tree_mark(tree, prefix)

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
        yield from self._compare(name, local, self._old.folder(name), rules)

    def _compare(
        self, name: str, local: LocalFolder, known: FolderStats | None, rules: IgnoreRules
    ) -> Iterator[LocalChange]:
        digests, unknown = _carry_over(known, local)
        if known is not None and known.tree_mark == self._mark and known.rules_mark == rules.mark:
            suspects = known.suspects(local, unknown)
            base = self._base_of(name, suspects, rules)
        else:
            base = self._base(name, rules)
            suspects = {*local.names, *base}
        if self._lacks_mark(name, local):
            yield LocalChange(name, ChangeKind.ADDED, EMPTY_FOLDER)
        there = _Present(name, local, digests)
        differing: list[str] = []
        # A slash follows the names of folders in paths, which decides the order.
        for key in sorted({*suspects, *there.folders}):
            if key in there.folders:
                yield from self._folder(name + key, rules)
                continue
            for change in self._differences(there, key, base, rules):
                if differing[-1:] != [key]:
                    differing.append(key)
                yield change
        self._new.add(
            FolderStats(
                name, local.names, local.stats, bytes(digests), local.subfolders,
                self._mark, rules.mark, differing,
            )
        )  # fmt: skip

    def _differences(
        self, there: _Present, key: str, base: Mapping[str, FileInfo], rules: IgnoreRules
    ) -> Iterator[LocalChange]:
        if key.endswith("/"):
            return self._removed_below(there.name + key, rules)
        return there.compare(key, self._on_disk(there, key, base.get(key)))

    def _on_disk(self, there: _Present, key: str, base: FileInfo | None) -> FileInfo | None:
        """*base* as it is on disk, where it could be what is there."""
        if base is None or base.kind is not EntryKind.EXTERNAL or there.size(key) != base.size:
            return base
        entry = lookup(self._tree, base.path, self._source)
        return base if entry is None else file_info(base.path, on_disk(self._objects, entry))

    def _base_of(self, name: str, keys: Collection[str], rules: IgnoreRules) -> dict[str, FileInfo]:
        """What the tree has of some files of a folder."""
        prefix = self._prefix + name
        entries = {
            key: lookup(self._tree, prefix + key, self._source)
            for key in keys
            if not key.endswith("/") and not rules.ignores(name + key)
        }
        return {
            key: file_info(prefix + key, entry)
            for key, entry in entries.items()
            if entry is not None
        }

    def _base(self, name: str, rules: IgnoreRules) -> dict[str, FileInfo]:
        """What the tree has in a folder."""
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


def tree_mark(tree: TreeRef, prefix: str) -> bytes:
    """What tells the part of a tree that folders were compared with."""
    return digest_of(tree.digest + prefix.encode())


def _carry_over(known: FolderStats | None, local: LocalFolder) -> tuple[bytearray, list[int]]:
    """The digests of a folder's files as far as they are known, and those that are not."""
    if known is None:
        return bytearray(len(local.names) * DIGEST_SIZE), list(range(len(local.names)))
    digests, unknown = known.carry_over(local)
    for index in unknown:
        digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE] = _UNKNOWN
    return digests, unknown


class _Present:
    """What is in one folder, compared file by file."""

    def __init__(self, name: str, local: LocalFolder, digests: bytearray) -> None:
        self.name = name
        #: Names of subfolders, with a slash.
        self.folders = frozenset(f"{sub}/" for sub in local.subfolders)
        self._local = local
        self._digests = digests
        self._sizes, self._modes = local.sizes(), local.modes()

    def _find(self, key: str) -> int | None:
        names = self._local.names
        index = bisect_left(names, key)
        return index if index < len(names) and names[index] == key else None

    def size(self, key: str) -> int | None:
        """Bytes of a file, or ``None`` where there is none."""
        index = self._find(key)
        return None if index is None else self._sizes[index]

    def compare(self, key: str, base: FileInfo | None) -> Iterator[LocalChange]:
        index = self._find(key)
        path = self.name + key
        if index is None:
            if base is not None:
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
