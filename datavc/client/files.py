"""Verbs that look at the files of a commit, and that read them."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.errors import InvalidPath, NotFound
from datavc.model.entry import EntryKind
from datavc.model.file_info import FileInfo
from datavc.model.glob import Glob
from datavc.model.tree.glob_tree import glob_tree
from datavc.model.tree.lookup import find_file, is_folder, lookup
from datavc.model.tree.scan import file_info, list_folder, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datavc.model.address import Address
    from datavc.model.commit import TreeRef
    from datavc.model.entry import Entry
    from datavc.model.external import External
    from datavc.store.backend import Buffer

#: Sources of external files are read so many at a time.
_BATCH = 512


class FileVerbs(ClientBase):
    """Files in commits."""

    def ls(
        self,
        address: str | Address,
        *,
        recursive: bool = False,
        delimiter: str = "/",
        sources: bool = False,
    ) -> Iterator[FileInfo]:
        """The files and folders at an address, sorted by path.

        A path that names a folder lists what is inside it, with or without its trailing slash;
        one that names a file gives that file; one with glob characters gives what matches.

        Args:
            address: ``repo@ref:/path``.
            recursive: every file below, rather than one level.
            delimiter: what ends a level.
            sources: tell where external files lie, too.

        Raises:
            NotFound: there is no such repo or ref, or nothing at that path.
        """
        located = self.locate(address)
        tree = self.tree_at(located)
        found = self._listed(located, tree, recursive=recursive, delimiter=delimiter)
        return self._with_sources(tree, found) if sources else found

    def _listed(
        self, located: Address, tree: TreeRef, *, recursive: bool, delimiter: str
    ) -> Iterator[FileInfo]:
        path = located.path
        entry = find_file(tree, path, self.nodes)
        if entry is not None:
            return iter([file_info(path, entry)])
        if path and not is_folder(tree, path, self.nodes):
            if Glob(path).is_literal:
                raise nothing_at(located)
            return self._matches(tree, path, recursive=recursive)
        prefix = path if not path or path.endswith("/") else f"{path}/"
        return list_folder(tree, self.nodes, prefix, "" if recursive else delimiter)

    def stat(self, address: str | Address) -> FileInfo:
        """The file or folder at an address.

        Raises:
            NotFound: there is none.
        """
        located = self.locate(address)
        tree = self.tree_at(located)
        path = located.path.rstrip("/")
        entry = find_file(tree, located.path, self.nodes)
        if entry is not None:
            return file_info(located.path, entry)
        if not is_folder(tree, path, self.nodes):
            raise nothing_at(located)
        return FileInfo(f"{path}/", 0, "")

    def external(self, address: str | Address) -> External | None:
        """Where a file lies and which version is meant, if it is an external one.

        Raises:
            NotFound: there is no such file.
            InvalidPath: it is a folder.
        """
        from datavc.store.external.record import read_external

        entry = self._entry_at(self.locate(address))
        if entry.kind is not EntryKind.EXTERNAL:
            return None
        return read_external(self.transport.objects, entry)

    def open(self, address: str | Address) -> io.BufferedReader:
        """A file as a binary file object; only the ranges that are read are fetched.

        Raises:
            NotFound: there is no such file.
        """
        from datavc.store.file_reader import BUFFER_SIZE, FileReader

        located = self.locate(address)
        entry = self._entry_at(located)
        return io.BufferedReader(
            FileReader(self.transport.objects, str(located), entry), BUFFER_SIZE
        )

    def read(self, address: str | Address, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes of a file from *offset* on, at most *length* of them.

        Raises:
            NotFound: there is no such file.
            InvalidInput: *offset* or *length* is negative.
        """
        from datavc.store.content import read_content
        from datavc.store.external.problem import naming

        located = self.locate(address)
        entry = self._entry_at(located)
        with naming(str(located)):
            return b"".join(read_content(self.transport.objects, entry, offset, length))

    def cat(self, address: str | Address) -> Iterator[Buffer]:
        """The content of a file piece by piece, verified, in bounded memory.

        Raises:
            NotFound: there is no such file.
        """
        from datavc.store.content import read_content
        from datavc.store.external.problem import named

        located = self.locate(address)
        return named(str(located), read_content(self.transport.objects, self._entry_at(located)))

    def _entry_at(self, located: Address) -> Entry:
        tree = self.tree_at(located)
        entry = find_file(tree, located.path, self.nodes)
        if entry is not None:
            return entry
        if is_folder(tree, located.path, self.nodes):
            raise InvalidPath(f"'{located}' is a folder", hint="name a file in it")
        raise nothing_at(located)

    def _with_sources(self, tree: TreeRef, files: Iterator[FileInfo]) -> Iterator[FileInfo]:
        from datavc.store.external.record import read_external_uris

        while batch := list(islice(files, _BATCH)):
            found = {
                info.path: lookup(tree, info.path, self.nodes)
                for info in batch
                if info.kind is EntryKind.EXTERNAL
            }
            entries = {path: entry for path, entry in found.items() if entry is not None}
            sources = read_external_uris(self.transport.objects, entries)
            for info in batch:
                source = sources.get(info.path, "")
                yield replace(info, source=source) if source else info

    def _matches(self, tree: TreeRef, pattern: str, *, recursive: bool) -> Iterator[FileInfo]:
        for path, entry in glob_tree(tree, self.nodes, pattern):
            if entry is not None:
                yield file_info(path, entry)
            elif recursive:
                for below, found in scan(tree, self.nodes, f"{path}/"):
                    yield file_info(below, found)
            else:
                yield FileInfo(f"{path}/", 0, "")


def nothing_at(located: Address) -> NotFound:
    """The error for a path that names nothing."""
    return NotFound(
        f"there is no '{located}'", hint=f"see `datavc ls -R {located.repo}@{located.ref}`"
    )
