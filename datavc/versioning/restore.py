"""Files of a tree to a local folder: what ``get`` does.

It needs the object store but no database. A run that was interrupted is resumed by running it
again: files that are there already with the same content are kept.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from datavc.errors import InvalidPath, Purged, SourceUnreadable
from datavc.model.entry import EntryKind
from datavc.model.ids import digest_of
from datavc.store.content import read_content, write_content
from datavc.store.external.problem import naming
from datavc.store.objects import plan_reads
from datavc.store.record import RecordKind
from datavc.versioning.fewer_collections import fewer_collections
from datavc.versioning.local_links import read_link
from datavc.versioning.name_case import check_case, folds_case
from datavc.versioning.part_file import PartFile, part_name
from datavc.versioning.unwritable import unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from datavc.model.entry import Entry
    from datavc.store.objects import ObjectStore, Wanted

#: Called with the number of files and of bytes done since the last call.
Progress = Callable[[int, int], None]

#: Reads and writes under way at once.
_THREADS = 2
_IN_FLIGHT = 6
#: Files handed to one thread at a time.
_BATCH = 512
_READ_SIZE = 1024 * 1024
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Restored:
    """What was written."""

    files: int
    bytes: int
    #: Files among them that were there already.
    kept: int
    #: Files that were left out, as their content was purged.
    purged: int = 0


def restore_files(
    objects: ObjectStore,
    files: Iterable[tuple[str, Entry]],
    target: Path,
    *,
    skip_purged: bool = False,
    progress: Progress | None = None,
) -> Restored:
    """Write *files*, given by their path below *target* and sorted, into the folder *target*.

    What else is in the folder stays; a file of the same path is replaced, unless it is the same.

    Raises:
        InvalidPath: a symbolic link or a file stands where a folder is needed, a name is too long
            for this file system, or two names are one to it; the last is told before the first
            file is written.
        OutOfSpace, Unavailable: the folder cannot take it. What is complete stays.
        Purged: a file's content is gone for good, and *skip_purged* is not set.
        NotFound, DataCorrupt: the store lacks a part of a file, or has it wrong.
    """
    run = _Restoring(objects, target, skip_purged=skip_purged)
    pending: deque[Future[Restored]] = deque()
    total = Restored(0, 0, 0)
    remaining = iter(run.checked(files))
    with fewer_collections(), ThreadPoolExecutor(_THREADS, "datavc-restore") as pool:
        try:
            while batch := list(islice(remaining, _BATCH)):
                pending.append(pool.submit(run.write_batch, batch))
                if len(pending) >= _IN_FLIGHT:
                    total = _settle(total, pending, progress)
            while pending:
                total = _settle(total, pending, progress)
        finally:
            for future in pending:
                future.cancel()
    return total


def restore_file(
    objects: ObjectStore, entry: Entry, target: Path, *, progress: Progress | None = None
) -> Restored:
    """Write one file to *target*, replacing what is there unless it is the same.

    Raises:
        OutOfSpace, Unavailable, NotFound, DataCorrupt: as :func:`restore_files`.
    """
    run = _Restoring(objects, target.parent)
    kept = run.is_there(str(target), entry)
    if not kept:
        run.write_whole(str(target), entry, _bytes_of(progress))
    if progress:
        progress(1, entry.size if kept else 0)
    return Restored(1, entry.size, int(kept))


def _settle(
    total: Restored, pending: deque[Future[Restored]], progress: Progress | None
) -> Restored:
    done = pending.popleft().result()
    if progress:
        progress(done.files, done.bytes)
    return Restored(
        total.files + done.files,
        total.bytes + done.bytes,
        total.kept + done.kept,
        total.purged + done.purged,
    )


class _Restoring:
    """One run into one folder."""

    def __init__(self, objects: ObjectStore, target: Path, *, skip_purged: bool = False) -> None:
        self._objects = objects
        self._skip_purged = skip_purged
        self._root = str(target)
        #: Folders that are known to be real ones; the value says whether this run made it.
        self._folders: dict[str, bool] = {}
        self._make_root(target)

    def checked(self, files: Iterable[tuple[str, Entry]]) -> Iterable[tuple[str, Entry]]:
        """*files*, after making sure that this file system can tell their names apart."""
        if not folds_case(self._root):
            return files
        everything = list(files)
        check_case(self._root, (path for path, _ in everything))
        return everything

    def write_batch(self, batch: list[tuple[str, Entry]]) -> Restored:
        """Write some files; runs in a thread."""
        missing: list[tuple[str, Entry]] = []
        for path, entry in batch:
            local = f"{self._root}/{path}"
            if path.endswith("/"):
                self._folder_of(local)
                continue
            if self._folder_of(local) or not self.is_there(local, entry):
                missing.append((local, entry))
        try:
            self._write_missing(missing)
            purged: list[Entry] = []
        except Purged:
            purged = self._write_one_by_one(missing)
        return Restored(
            len(batch) - len(purged),
            sum(entry.size for _, entry in batch) - sum(entry.size for entry in purged),
            len(batch) - len(missing),
            len(purged),
        )

    def _write_missing(self, missing: list[tuple[str, Entry]]) -> None:
        self._write_simple([(local, entry) for local, entry in missing if _is_simple(entry)])
        for local, entry in missing:
            if not _is_simple(entry):
                self.write_whole(local, entry)

    def _write_one_by_one(self, missing: list[tuple[str, Entry]]) -> list[Entry]:
        """Write what was not purged; gives the rest."""
        purged: list[Entry] = []
        for local, entry in missing:
            try:
                self.write_whole(local, entry)
            except Purged:
                if not self._skip_purged:
                    path = local.removeprefix(f"{self._root}/")
                    raise Purged(
                        f"the content of '{path}' was purged",
                        hint="`datavc purge --list` tells why; --skip-purged leaves such files out",
                    ) from None
                purged.append(entry)
        return purged

    def is_there(self, local: str, entry: Entry) -> bool:
        """Whether the file at *local* is the same already; its executable bit is set right."""
        try:
            status = os.lstat(local)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise unwritable(local, error) from None
        if stat.S_ISDIR(status.st_mode):
            raise InvalidPath(f"{local!r} is a folder", hint="move it away, or get into another")
        if entry.kind is EntryKind.SYMLINK:
            return stat.S_ISLNK(status.st_mode) and digest_of(read_link(local)) == entry.digest
        if not stat.S_ISREG(status.st_mode) or status.st_size != entry.size:
            return False
        wanted: bytes | None = entry.digest
        if entry.kind is EntryKind.EXTERNAL:
            wanted = self._objects.digests.find(entry.digest)
        if wanted is None or _digest_of_file(local) != wanted:
            return False
        if bool(status.st_mode & stat.S_IXUSR) != entry.executable:
            Path(local).chmod(_mode(entry))
        return True

    def write_whole(
        self, local: str, entry: Entry, progress: Callable[[int], None] | None = None
    ) -> None:
        """Write a file of any size under another name, and give it its own when it is complete."""
        if entry.kind is EntryKind.SYMLINK:
            _create(local, entry, b"".join(read_content(self._objects, entry)))
            return
        try:
            with naming(local), PartFile(local, _mode(entry)) as part:
                write_content(self._objects, entry, part.handle, progress=progress)
                part.keep()
        except OSError as error:
            raise unwritable(local, error) from None

    def _write_simple(self, files: list[tuple[str, Entry]]) -> None:
        """Write files of one chunk or none, reading neighbours together."""
        placed = iter(files)
        stored = (_wanted(entry) for _, entry in files if entry.refs)
        for run in plan_reads(stored):
            datas = iter(self._objects.read_run(run))
            for _ in run:
                local, entry = next(placed)
                while not entry.refs:
                    _create(local, entry, b"")
                    local, entry = next(placed)
                _create(local, entry, next(datas))
        for local, entry in placed:
            _create(local, entry, b"")

    def _folder_of(self, local: str) -> bool:
        """Make the folder of *local*. Returns whether this run made it, so that it is empty."""
        folder = local.rpartition("/")[0]
        made = self._folders.get(folder)
        if made is None:
            made = self._make_folder(folder)
        return made

    def _make_folder(self, folder: str) -> bool:
        if folder != self._root:
            self._folder_of(folder)
        try:
            os.mkdir(folder)  # noqa: PTH102 - once for every folder, among many calls
            made = True
        except FileExistsError:
            # Another thread of this run may have made it; a link would lead out of the target.
            made = self._folders.get(folder, False)
            if not stat.S_ISDIR(os.lstat(folder).st_mode):
                raise InvalidPath(
                    f"{folder!r} is not a folder",
                    hint="move it away, or get into another folder",
                ) from None
        except OSError as error:
            raise unwritable(folder, error) from None
        return self._folders.setdefault(folder, made)

    def _make_root(self, target: Path) -> None:
        try:
            target.mkdir(parents=True)
            self._folders[self._root] = True
        except FileExistsError:
            if not target.is_dir():
                raise InvalidPath(f"{str(target)!r} is not a folder") from None
            self._folders[self._root] = False
        except OSError as error:
            raise unwritable(str(target), error) from None


def _is_simple(entry: Entry) -> bool:
    """Whether the content is one chunk or none."""
    return entry.depth == 0 and len(entry.refs) <= 1


def _wanted(entry: Entry) -> Wanted:
    ref = entry.refs[0]
    return ref.location, ref.digest, RecordKind.CHUNK


def _create(local: str, entry: Entry, data: bytes | bytearray | memoryview) -> None:
    """Write a small file: straight where there is none, which a later run checks again."""
    try:
        if entry.kind is EntryKind.SYMLINK:
            _link(local, bytes(data))
            return
        try:
            handle = os.open(local, _NEW, _mode(entry))
        except FileExistsError:
            # A file, or a link, that is replaced whole, and never written through.
            with PartFile(local, _mode(entry)) as part:
                _write(part.handle, data)
                part.keep()
            return
        try:
            _write(handle, data)
        except BaseException:
            _discard(local)
            raise
        finally:
            os.close(handle)
    except OSError as error:
        raise unwritable(local, error) from None


def _link(local: str, target: bytes) -> None:
    """Make a link, instead of whatever file is there."""
    part = part_name(local.rpartition("/")[0])
    os.symlink(target, os.fsencode(part))  # noqa: PTH211 - a Path would lose "./" and "//"
    try:
        # Path.replace is the same, at more cost.
        os.replace(part, local)  # noqa: PTH105
    except BaseException:
        _discard(part)
        raise


def _write(handle: int, data: bytes | bytearray | memoryview) -> None:
    written = os.write(handle, data) if data else 0
    while written < len(data):
        written += os.write(handle, memoryview(data)[written:])


def _mode(entry: Entry) -> int:
    return 0o777 if entry.executable else 0o666


def _digest_of_file(local: str) -> bytes:
    hasher = blake3()
    try:
        with open(local, "rb", buffering=0) as file:
            while data := file.read(_READ_SIZE):
                hasher.update(data)
    except OSError as error:
        raise SourceUnreadable(f"{local!r} cannot be read: {error.strerror}") from None
    return hasher.digest()


def _discard(path: str) -> None:
    with contextlib.suppress(OSError):
        Path(path).unlink()


def _bytes_of(progress: Progress | None) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda count: progress(0, count)
