"""A local folder that a commit is exported to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from datavc.errors import Unavailable
from datavc.model.entry import Entry
from datavc.store.objects import ObjectStore
from datavc.versioning.export.state import STATE_NAME, ExportState, decode_state
from datavc.versioning.part_file import PartFile
from datavc.versioning.restore import Progress, restore_files
from datavc.versioning.working_copy.update import remove_files


class FolderTarget:
    """See :class:`~datavc.versioning.export.target.ExportTarget`.

    Links, the executable bit and empty folders are kept.
    """

    def __init__(self, folder: Path, objects: ObjectStore) -> None:
        self._folder = folder
        self._objects = objects

    def read_state(self) -> ExportState | None:
        """What was exported last."""
        try:
            return decode_state((self._folder / STATE_NAME).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed(error) from None

    def write_state(self, state: ExportState) -> None:
        """Say what is there now."""
        path = self._folder / STATE_NAME
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with PartFile(str(path), 0o666) as part:
                os.write(part.handle, state.encode())
                part.keep()
        except OSError as error:
            raise self._failed(error) from None

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files, and folders that become empty."""
        remove_files(self._folder, paths)

    def write(self, files: Sequence[tuple[str, Entry]], progress: Progress | None) -> None:
        """Write files; equal ones are kept."""
        restore_files(self._objects, files, self._folder, progress=progress)

    def _failed(self, error: OSError) -> Unavailable:
        return Unavailable(f"{str(self._folder)!r} cannot be used: {error.strerror}")
