"""A bucket that a commit is exported to: an object for each file."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from datavc.errors import NotFound
from datavc.model.entry import Entry, EntryKind
from datavc.store.bucket import Bucket
from datavc.store.content import read_content
from datavc.store.external.problem import named
from datavc.store.objects import ObjectStore
from datavc.versioning.export.state import STATE_NAME, ExportState, decode_state
from datavc.versioning.restore import Progress

_UPLOADS = 8
_IN_FLIGHT = 32


class BucketTarget:
    """See :class:`~datavc.versioning.export.target.ExportTarget`.

    A bucket has neither links nor folders, so those are left out.
    """

    def __init__(self, bucket: Bucket, objects: ObjectStore) -> None:
        self._bucket = bucket
        self._objects = objects

    def read_state(self) -> ExportState | None:
        """What was exported last."""
        try:
            return decode_state(self._bucket.read(STATE_NAME))
        except NotFound:
            return None

    def write_state(self, state: ExportState) -> None:
        """Say what is there now."""
        self._bucket.write(STATE_NAME, iter([state.encode()]))

    def remove(self, paths: Sequence[str]) -> None:
        """Remove objects."""
        self._bucket.remove([path for path in paths if not path.endswith("/")])

    def write(self, files: Sequence[tuple[str, Entry]], progress: Progress | None) -> None:
        """Write an object for each file."""
        pending: deque[Future[int]] = deque()
        with ThreadPoolExecutor(_UPLOADS, "datavc-export") as pool:
            try:
                for path, entry in files:
                    if path.endswith("/") or entry.kind is EntryKind.SYMLINK:
                        continue
                    pending.append(pool.submit(self._upload, path, entry))
                    if len(pending) >= _IN_FLIGHT:
                        _settle(pending, progress)
                while pending:
                    _settle(pending, progress)
            finally:
                for future in pending:
                    future.cancel()

    def _upload(self, path: str, entry: Entry) -> int:
        self._bucket.write(path, named(f"/{path}", read_content(self._objects, entry)))
        return entry.size


def _settle(pending: deque[Future[int]], progress: Progress | None) -> None:
    size = pending.popleft().result()
    if progress:
        progress(1, size)
