"""Files and differences, as people see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from datavc.model.entry import EntryKind


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file or folder in a listing. A folder's ``path`` ends in ``/`` and has no digest."""

    path: str
    size: int
    #: BLAKE3-256 of the content in hex; ``""`` for a folder.
    digest: str
    executable: bool = False
    kind: EntryKind = EntryKind.FILE
    #: Where an external file lies, where that was asked for.
    source: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether this stands for all files below it."""
        return self.path.endswith("/")


class ChangeKind(StrEnum):
    """What happened to a path."""

    ADDED = "added"
    REMOVED = "removed"
    MODIFIED = "modified"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One line of a diff. Sizes and digests are ``None`` on the side where the file is not."""

    path: str
    kind: ChangeKind
    old_size: int | None
    new_size: int | None
    old_digest: str | None
    new_digest: str | None
    #: Where an external file lies, the new one or one that was removed, where that was asked for.
    source: str = ""


@dataclass(frozen=True, slots=True)
class DiffStats:
    """Totals of a diff."""

    added: int
    removed: int
    modified: int
    bytes_added: int
    bytes_removed: int


@dataclass(frozen=True, slots=True)
class PutResult:
    """What one ``put`` did."""

    files: int
    bytes: int
    #: Files left out, since the branch already holds them unchanged.
    unchanged: int
    #: Bytes of content that were new to the store, as stored (after compression).
    stored_bytes: int
    #: The staged change set's id, or ``None`` when committed at once or nothing changed.
    staged: int | None
    #: The commit made with ``-m``, or ``None``.
    commit: str | None
