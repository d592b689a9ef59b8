"""Taking in what a transform wrote: regular files only, and nothing is followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datavc.engine.scratch import scratch_errors
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
    size: int
    executable: bool


def take_outputs(vs: VersionedStore, folder: Path, limit: int | None = None) -> list[OutputFile]:
    """Read all files below *folder*, sorted by path; large ones are stored at once.

    Args:
        vs: where they are stored.
        folder: what the transform wrote.
        limit: bytes that it may be; ``None`` for any.

    Raises:
        TransformFailed: something in it is no regular file, has a name that is not allowed, or
            there is too much of it.
        OutOfSpace, StoreUnavailable: the store takes no more.
    """
    with scratch_errors(folder):
        if not folder.is_dir() or folder.is_symlink():
            raise TransformFailed("it removed its output folder", hint="leave the folder in place")
        found = sorted(_scan(str(folder), ""), key=lambda file: file.path)
        size = sum(file.size for file in found)
        check_output_size(size, limit)
        if size > _IN_MEMORY:
            return _store(vs, found)
        return [
            OutputFile(file.path, file.executable, Path(file.host_path).read_bytes())
            for file in found
        ]


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
            executable = bool(status.st_mode & stat.S_IXUSR)
            yield _Found(path, entry.path, status.st_size, executable)


def _store(vs: VersionedStore, found: list[_Found]) -> list[OutputFile]:
    with vs.objects.session(vs.chunks) as session:
        writer = ContentWriter(session, vs.chunks)
        files = [
            OutputFile(file.path, file.executable, writer.write_file(Path(file.host_path)))
            for file in found
        ]
        session.finish()
    return files


def _printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()
