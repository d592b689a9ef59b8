"""Taking in what a transform wrote: regular files only, and nothing is followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from datavc.engine.early_outputs import EarlyOutputs
from datavc.engine.file_state import FileState
from datavc.engine.scratch import scratch_errors
from datavc.engine.store_files import store_files
from datavc.errors import InvalidPath, TransformFailed
from datavc.model.entry import Entry
from datavc.model.name import clean_path
from datavc.store.content import ContentWriter
from datavc.versioning.versioned_store import VersionedStore

#: Outputs of a datum that are no larger than this together travel in memory, in bytes.
_IN_MEMORY = 4 * 1024 * 1024
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file that a datum put out: still in memory, or stored already."""

    path: str
    executable: bool
    content: bytes | Entry


@dataclass(frozen=True, slots=True)
class _Found:
    path: str
    host_path: str
    status: os.stat_result

    @property
    def executable(self) -> bool:
        return bool(self.status.st_mode & stat.S_IXUSR)


def take_outputs(
    vs: VersionedStore,
    folder: Path,
    limit: int | None = None,
    early: EarlyOutputs | None = None,
) -> list[OutputFile]:
    """Read all files below *folder*, sorted by path; large ones are stored at once.

    Args:
        vs: where they are stored.
        folder: what the transform wrote.
        limit: bytes that it may be; ``None`` for any.
        early: what is stored of it already.

    Raises:
        TransformFailed: something in it is no regular file, has a name that is not allowed, or
            there is too much of it.
        OutOfSpace, StoreUnavailable: the store takes no more.
    """
    with scratch_errors(folder):
        if not folder.is_dir() or folder.is_symlink():
            raise TransformFailed("it removed its output folder", hint="leave the folder in place")
        found = sorted(_scan(str(folder), ""), key=lambda file: file.path)
        size = sum(file.status.st_size for file in found)
        check_output_size(size, limit)
        if size > _IN_MEMORY:
            return _store(vs, found, early)
        return [OutputFile(file.path, file.executable, _read(file.host_path)) for file in found]


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def check_output_size(size: int, limit: int | None) -> None:
    """Refuse an output of more bytes than *limit*, if there is one.

    Raises:
        TransformFailed: it is larger.
    """
    if limit is not None and size > limit:
        raise TransformFailed(
            f"it wrote {size:,} bytes, above its resource_limits.disk of {limit:,}",
            hint="write less, or raise the limit",
        )


def _scan(folder: str, prefix: str) -> Iterator[_Found]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _scan(entry.path, f"{path}/")
                continue
            status = entry.stat(follow_symlinks=False)
            kind = stat.S_IFMT(status.st_mode)
            if kind != stat.S_IFREG:
                raise TransformFailed(
                    f"it wrote {_KINDS.get(kind, 'something odd')} at /{_printable(path)}",
                    hint="write regular files only",
                )
            try:
                clean_path(path)
            except InvalidPath as error:
                raise TransformFailed(
                    f"it wrote a file whose name is not allowed: {error.message}", hint=error.hint
                ) from None
            yield _Found(path, entry.path, status)


def _store(vs: VersionedStore, found: list[_Found], early: EarlyOutputs | None) -> list[OutputFile]:
    stored: dict[str, Entry] = {}
    if early is not None:
        stored = early.finish({file.path: FileState.of(file.status) for file in found})
    rest = [
        (file.path, Path(file.host_path), file.status.st_size)
        for file in found
        if file.path not in stored
    ]
    if rest:
        with vs.objects.session(vs.chunks) as session:
            stored.update(store_files(ContentWriter(session, vs.chunks), rest))
            session.finish()
    return [
        OutputFile(
            file.path, file.executable, replace(stored[file.path], executable=file.executable)
        )
        for file in found
    ]


def _printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()
