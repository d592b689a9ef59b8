"""``datavc://repo/ref/path`` for whatever reads and writes through fsspec.

Reading works on every ref. Writing works on branches: each call that writes is one commit, and
``with fs.transaction:`` makes one commit of all that is written in it. Folders are there as long as
they hold files, so making one does nothing.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from fsspec import AbstractFileSystem
from fsspec.spec import AbstractBufferedFile
from fsspec.transaction import Transaction

import datavc
from datavc.client.branch_write import Content
from datavc.client.filesystem_files import ReadFile, WriteFile, as_os_errors
from datavc.client.write_batch import WriteBatch
from datavc.errors import InvalidInput, NotFound
from datavc.model.address import Address, parse_ref
from datavc.model.entry import Entry
from datavc.model.file_info import FileInfo
from datavc.model.tree.lookup import find_file
from datavc.store.content import read_content

_Detail = dict[str, Any]


class OneCommit(Transaction):  # type: ignore[misc]
    """All that is written in a ``with fs.transaction:`` block becomes one commit a branch."""

    def start(self) -> None:
        """Begin to gather, from all threads."""
        super().start()
        self.fs.begin_batch()

    def complete(self, commit: bool = True) -> None:
        """Commit what was gathered, or forget it."""
        fs = self.fs
        try:
            super().complete(commit)
        except BaseException:
            fs.end_batch(commit=False)
            raise
        fs.end_batch(commit=commit)


class DatavcFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Repos, refs and files as folders and files: ``repo/ref/path``; a slash in a ref is ``%2F``.

    Args:
        server: a server's URL; without it, the environment tells, as for :func:`datavc.connect`.
        home, author: as there.
        message: of the commits that are made.
    """

    protocol: ClassVar[str] = "datavc"
    root_marker = ""
    transaction_type = OneCommit

    def __init__(
        self,
        server: str | None = None,
        home: str | None = None,
        author: str | None = None,
        message: str = "written through fsspec",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._client = datavc.connect(server, home=home, author=author)
        # Instances are kept and shared by fsspec, so nobody is there to close them.
        weakref.finalize(self, self._client.close)
        self._message = message
        #: What a transaction gathers, from all threads, and what one call does, in its own.
        self._gathered: WriteBatch | None = None
        self._call = threading.local()

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        return str(path).removeprefix("datavc://").strip("/")

    def unstrip_protocol(self, name: str) -> str:
        """The full URI of a path."""
        return f"datavc://{self._strip_protocol(name)}"

    # Reading

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """What is in a folder; a file lists itself."""
        path = self._strip_protocol(path)
        with as_os_errors(path):
            found = list(self._listed(path))
        return found if detail else [one["name"] for one in found]

    def info(self, path: str, **__: Any) -> _Detail:
        """Name, size, type and digest of a file or folder."""
        path = self._strip_protocol(path)
        repo, _slash, rest = path.partition("/")
        with as_os_errors(path):
            if not rest:
                if repo:
                    self._client.get_repo(repo)
                return _folder(path)
            address = self._address(path)
            if not address.path:
                self._client.tree_at(address)
                return _folder(path)
            return _detail(path, self._client.stat(address))

    def ukey(self, path: str) -> str:
        """The content's digest: it changes when the file does."""
        return str(self.info(path).get("digest", ""))

    def checksum(self, path: str) -> int:
        """A number that changes when the file does."""
        return int(self.ukey(path)[:15] or "0", 16)

    def modified(self, path: str) -> datetime:
        """When the commit was made that the path's ref stands for: its files are no younger."""
        path = self._strip_protocol(path)
        with as_os_errors(path):
            commit = self._client.resolve(self._address(path))
        return datetime.fromtimestamp(commit.time_us / 1e6, UTC)

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        """A file's content, or a range of it; negative bounds count from the end."""
        path = self._strip_protocol(path)
        with as_os_errors(path):
            entry = self.entry(path)
            begin, stop, _step = slice(start, end).indices(entry.size)
            return self.read_range(entry, begin, stop)

    def entry(self, path: str) -> Entry:
        """The entry of a file.

        Raises:
            NotFound: there is none.
        """
        address = self._address(path)
        tree = self._client.tree_at(address)
        found = find_file(tree, address.path, self._client.nodes)
        if found is not None:
            return found
        if self._client.stat(address).is_folder:
            raise IsADirectoryError(path)
        raise NotFound(f"there is no file {path!r}")

    def read_range(self, entry: Entry, start: int, end: int) -> bytes:
        """The bytes of an entry from *start* up to *end*."""
        if end <= start:
            return b""
        return b"".join(read_content(self._client.transport.objects, entry, start, end - start))

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        cache_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> AbstractBufferedFile:
        path = self._strip_protocol(path)
        size = block_size or "default"
        if mode == "rb":
            with as_os_errors(path):
                entry = self.entry(path)
            return ReadFile(
                self, path, entry, block_size=size, cache_options=cache_options, **options
            )
        if mode == "xb" and self.exists(path):
            raise FileExistsError(path)
        self._check_writable(path)
        return WriteFile(self, path, mode, block_size=size, autocommit=autocommit)

    # Writing

    @contextlib.contextmanager
    def one_commit(self) -> Iterator[WriteBatch]:
        """Gather what this thread writes meanwhile, and commit it at the end; not after an error.

        In a transaction, that commits it.
        """
        batch: WriteBatch | None = self._gathered or getattr(self._call, "batch", None)
        if batch is not None:
            yield batch
            return
        batch = self._call.batch = WriteBatch(self._client, self._message)
        try:
            yield batch
            with as_os_errors("the commit"):
                batch.commit()
        finally:
            self._call.batch = None
            batch.close()

    def begin_batch(self) -> None:
        """Gather what all threads write from now on."""
        self._gathered = WriteBatch(self._client, self._message)

    def end_batch(self, *, commit: bool) -> None:
        """Commit what was gathered, or forget it."""
        batch, self._gathered = self._gathered, None
        if batch is None:
            return
        try:
            if commit:
                with as_os_errors("the commit"):
                    batch.commit()
        finally:
            batch.close()

    def write(self, path: str, content: Content, *, is_part: bool = False) -> None:
        """Let a file hold something, or remove it; *is_part*: it is a temporary file."""
        address = self._check_writable(path)
        with self.one_commit() as batch:
            batch.add(address, content, is_part=is_part)

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: Any) -> None:
        """Write bytes."""
        path = self._strip_protocol(path)
        if mode == "create" and self.exists(path):
            raise FileExistsError(path)
        self.write(path, bytes(value))

    def put_file(
        self,
        lpath: str,
        rpath: str,
        callback: Any = None,  # noqa: ARG002
        mode: str = "overwrite",
        **_: Any,
    ) -> None:
        """Write a local file's content."""
        rpath = self._strip_protocol(rpath)
        if mode == "create" and self.exists(rpath):
            raise FileExistsError(rpath)
        if not Path(lpath).is_dir():
            self.write(rpath, Path(lpath))

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Let another path hold the same; no bytes are copied."""
        path1 = self._strip_protocol(path1)
        with as_os_errors(path1):
            try:
                entry = self.entry(path1)
            except IsADirectoryError:
                return
        self.write(self._strip_protocol(path2), entry)

    def rm_file(self, path: str) -> None:
        """Remove one file."""
        path = self._strip_protocol(path)
        with as_os_errors(path):
            self.entry(path)
        self.write(path, None)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Remove files, and with *recursive* folders with all they hold, by one commit."""
        found = self.expand_path(path, recursive=recursive, maxdepth=maxdepth)
        with self.one_commit():
            for one in found:
                if self.isfile(one):
                    self.rm_file(one)
                elif not recursive:
                    raise (IsADirectoryError if self.exists(one) else FileNotFoundError)(one)

    def put(self, lpath: Any, rpath: Any, **options: Any) -> Any:
        """Write local files, by one commit."""
        with self.one_commit():
            return super().put(lpath, rpath, **options)

    def pipe(self, path: Any, value: Any = None, **options: Any) -> None:
        """Write bytes to one path, or to many, by one commit."""
        with self.one_commit():
            super().pipe(path, value, **options)

    def copy(self, path1: Any, path2: Any, **options: Any) -> None:
        """Let other paths hold the same as some do, by one commit."""
        with self.one_commit():
            super().copy(path1, path2, **options)

    def mv(self, path1: Any, path2: Any, **options: Any) -> None:
        """Give files other paths, by one commit."""
        if self._strip_protocol(path1) == self._strip_protocol(path2):
            return
        with self.one_commit():
            super().mv(path1, path2, **options)

    def touch(self, path: str, truncate: bool = True, **_: Any) -> None:
        """Make an empty file; one that is there is emptied, or with *truncate* unset left alone."""
        if truncate or not self.exists(path):
            self.pipe_file(path, b"")

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        """Nothing: a folder is there as long as it holds files."""

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Nothing, but for an error where there is such a folder and *exist_ok* is not set."""
        if not exist_ok and self.exists(path):
            raise FileExistsError(path)

    def rmdir(self, path: str) -> None:
        """Nothing, but for an error where the folder holds something."""
        if self.ls(path, detail=False):
            raise OSError(f"folder {path!r} is not empty")

    # Paths

    def _listed(self, path: str) -> Iterator[_Detail]:
        repo, _, rest = path.partition("/")
        if not repo:
            yield from (_folder(info.name) for info in self._client.list_repos())
        elif not rest:
            names = [branch.name for branch in self._client.list_branches(repo)]
            names += [tag.name for tag in self._client.list_tags(repo)]
            yield from (_folder(f"{repo}/{quote(name, safe='')}") for name in sorted(names))
        else:
            top = "/".join(path.split("/", 2)[:2])
            for info in self._client.ls(self._address(path)):
                yield _detail(f"{top}/{info.path}", info)

    def _address(self, path: str) -> Address:
        repo, ref, *rest = [*path.split("/", 2), ""][:3]
        return Address(repo, parse_ref(unquote(ref)), rest[0] if rest else "")

    def _check_writable(self, path: str) -> Address:
        path = self._strip_protocol(path)
        if path.count("/") < 2:
            raise InvalidInput(f"{path!r} is no file", hint="write datavc://repo/branch/path")
        address = self._address(path)
        if not address.ref.is_plain:
            raise InvalidInput(f"'{address.ref}' is no branch, and only branches can be written")
        return address


def _folder(path: str) -> _Detail:
    return {"name": path, "size": 0, "type": "directory"}


def _detail(path: str, info: FileInfo) -> _Detail:
    if info.is_folder:
        return _folder(path.rstrip("/"))
    return {
        "name": path,
        "size": info.size,
        "type": "file",
        "digest": info.digest,
        "kind": info.kind.value,
    }
