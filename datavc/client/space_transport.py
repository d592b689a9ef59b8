"""What the SDK needs from a datavc to look after its space."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datavc.model.collection import (
        Collection,
        PurgeInfo,
        PurgeResult,
        RetentionRule,
        StoreCheck,
        Usage,
    )

#: Called with what is done at present, and how many more of it were done since the last call.
#: A server tells nothing until it is done.
SpaceProgress = Callable[[str, int], None]


class SpaceTransport(Protocol):
    """Garbage collection, checks, and what things take up."""

    def collect_garbage(
        self,
        grace_s: float,
        unreachable_keep_s: int,
        *,
        dry_run: bool,
        progress: SpaceProgress | None,
    ) -> Collection:
        """Remove what nothing refers to."""

    def purge_path(
        self,
        repo: str,
        path: str,
        reason: str,
        author: str,
        *,
        dry_run: bool,
        progress: SpaceProgress | None,
    ) -> PurgeResult:
        """Remove all that ever stood at a path."""

    def purge_content(
        self,
        digest: str,
        reason: str,
        author: str,
        *,
        dry_run: bool,
        progress: SpaceProgress | None,
    ) -> PurgeResult:
        """Remove one content, named by its digest in hex."""

    def list_purges(self) -> list[PurgeInfo]:
        """All that was purged, newest first."""

    def check_store(
        self, *, deep: bool, repair: bool, progress: SpaceProgress | None
    ) -> StoreCheck:
        """Check that all that is referred to is there and whole."""

    def usage_of_repos(self) -> list[Usage]:
        """What each repo takes up."""

    def usage_of_commit(self, repo: str, ref: str) -> Usage:
        """What one commit takes up."""

    def set_retention(self, repo: str, pattern: str, keep_s: int, author: str) -> None:
        """Add or change a retention rule."""

    def remove_retention(self, repo: str, pattern: str) -> None:
        """Drop a retention rule."""

    def list_retention(self, repo: str | None) -> list[RetentionRule]:
        """The retention rules of a repo, or of all."""
