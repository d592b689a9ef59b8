"""Where a commit is exported to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from datavc.errors import InvalidAddress
from datavc.model.entry import Entry
from datavc.store.objects import ObjectStore
from datavc.versioning.export.folder_target import FolderTarget
from datavc.versioning.export.state import ExportState
from datavc.versioning.restore import Progress


class ExportTarget(Protocol):
    """A place that can hold files."""

    def read_state(self) -> ExportState | None:
        """What was exported there last, or ``None``."""

    def write_state(self, state: ExportState) -> None:
        """Say what is there now."""

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files; those that are not there do not matter."""

    def write(self, files: Sequence[tuple[str, Entry]], progress: Progress | None) -> None:
        """Write files, sorted by path, in place of what is there."""


def open_target(address: str | Path, objects: ObjectStore) -> ExportTarget:
    """The target that *address* names: a folder, or ``s3://bucket/prefix``.

    Raises:
        InvalidAddress: it is malformed.
        AccessDenied: there are no credentials for the bucket.
    """
    text = str(address)
    if text.startswith("s3://"):
        # Packages that not everybody has.
        from datavc.store.bucket import open_bucket
        from datavc.versioning.export.bucket_target import BucketTarget

        return BucketTarget(open_bucket(text), objects)
    if "://" in text:
        raise InvalidAddress(f"{text!r} is no target", hint="use a folder, or s3://bucket/prefix")
    return FolderTarget(Path(address).absolute(), objects)
