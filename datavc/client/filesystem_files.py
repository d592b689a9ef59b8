"""Files of the fsspec filesystem that are open."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsspec.spec import AbstractBufferedFile

from datavc.errors import NotFound
from datavc.model.entry import Entry
from datavc.store.external.problem import naming

if TYPE_CHECKING:
    from datavc.client.filesystem import DatavcFileSystem

_COPY_SIZE = 4 * 1024 * 1024


class ReadFile(AbstractBufferedFile):  # type: ignore[misc]
    """A file as it was when it was opened, whatever is committed meanwhile."""

    def __init__(self, fs: DatavcFileSystem, path: str, entry: Entry, **options: Any) -> None:
        self._entry = entry
        super().__init__(fs, path, "rb", size=entry.size, **options)

    def _fetch_range(self, start: int, end: int) -> bytes:
        with as_os_errors(self.path):
            found: bytes = self.fs.read_range(self._entry, start, end)
            return found


class WriteFile(AbstractBufferedFile):  # type: ignore[misc]
    """A file that becomes visible when it is closed; until then a temporary one holds it."""

    def _initiate_upload(self) -> None:
        handle = tempfile.NamedTemporaryFile(prefix="datavc-write-", delete=False)  # noqa: SIM115
        self._part = Path(handle.name)
        self._file = handle
        if self.mode == "ab" and self.fs.exists(self.path):
            with self.fs.open(self.path, "rb") as before:
                while data := before.read(_COPY_SIZE):
                    handle.write(data)

    def _upload_chunk(self, final: bool = False) -> bool:
        self._file.write(self.buffer.getvalue())
        if final:
            self._file.close()
            if self.autocommit:
                self.commit()
        return True

    def commit(self) -> None:
        """Make the file visible, or a part of the commit that is being gathered."""
        try:
            self.fs.write(self.path, self._part, is_part=True)
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Drop what was written."""
        self._part.unlink(missing_ok=True)


@contextlib.contextmanager
def as_os_errors(path: str) -> Iterator[None]:
    """Raise what callers of filesystems expect where something is not there."""
    try:
        with naming(path):
            yield
    except NotFound as error:
        raise FileNotFoundError(f"{path}: {error.message}") from error
