"""Files that are gathered to be written by one commit."""

from __future__ import annotations

import threading
from pathlib import Path

from datavc.client.base import ClientBase
from datavc.client.branch_write import Content, write_branch
from datavc.errors import Conflict
from datavc.model.address import Address


class WriteBatch:
    """What shall be written, by branch and path. Safe to share between threads.

    Args:
        client: what commits it.
        message: of the commits.
    """

    def __init__(self, client: ClientBase, message: str) -> None:
        self._client = client
        self._message = message
        self._lock = threading.Lock()
        self._contents: dict[tuple[str, str], dict[str, Content]] = {}
        self._parts: list[Path] = []
        self._over = False

    def add(self, address: Address, content: Content, *, is_part: bool = False) -> None:
        """Let a file hold *content* once this is committed.

        Args:
            address: the file; its ref is a branch.
            content: what it shall hold.
            is_part: whether that is a temporary file, to be removed afterwards.

        Raises:
            Conflict: the batch is over; nothing was taken.
        """
        with self._lock:
            if self._over:
                raise Conflict(
                    f"'{address}' was written after its transaction had ended",
                    hint="write it again",
                )
            branch = self._contents.setdefault((address.repo, address.ref.name), {})
            branch[address.path] = content
            if is_part and isinstance(content, Path):
                self._parts.append(content)

    def commit(self) -> None:
        """Commit what was gathered, one commit a branch.

        Raises:
            NotFound, PathConflict, Conflict, OutOfSpace, StoreUnavailable: as
                :func:`~datavc.client.branch_write.write_branch`.
        """
        with self._lock:
            self._over = True
        for (repo, branch), contents in self._contents.items():
            write_branch(self._client, repo, branch, contents, self._message)

    def close(self) -> None:
        """Forget what was not committed, and remove temporary files."""
        with self._lock:
            self._over = True
        for part in self._parts:
            part.unlink(missing_ok=True)
