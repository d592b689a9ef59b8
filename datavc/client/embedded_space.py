"""Looking after the space of a datavc in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datavc.client.space_transport import SpaceProgress
    from datavc.model.collection import (
        Collection,
        PurgeInfo,
        PurgeResult,
        RetentionRule,
        StoreCheck,
        Usage,
    )
    from datavc.versioning.versioned_store import VersionedStore


class EmbeddedSpace:
    """See :class:`~datavc.client.space_transport.SpaceTransport`.

    What does the work is imported by whoever needs it: most commands do not.
    """

    _vs: VersionedStore

    def collect_garbage(
        self,
        grace_s: float,
        unreachable_keep_s: int,
        *,
        dry_run: bool,
        progress: SpaceProgress | None,
    ) -> Collection:
        """Remove what nothing refers to."""
        from datavc.versioning.gc import collect_garbage

        return collect_garbage(
            self._vs,
            grace_s=grace_s,
            unreachable_keep_s=unreachable_keep_s,
            dry_run=dry_run,
            progress=progress,
        )

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
        from datavc.versioning import purge

        return purge.purge_path(
            self._vs,
            repo,
            path,
            author=author,
            reason=reason,
            dry_run=dry_run,
            progress=progress,
        )

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
        from datavc.versioning import purge

        return purge.purge(
            self._vs,
            {bytes.fromhex(digest)},
            subject=digest,
            author=author,
            reason=reason,
            dry_run=dry_run,
            progress=progress,
        )

    def list_purges(self) -> list[PurgeInfo]:
        """All that was purged, newest first."""
        from datavc.versioning import purge

        return purge.list_purges(self._vs)

    def check_store(
        self, *, deep: bool, repair: bool, progress: SpaceProgress | None
    ) -> StoreCheck:
        """Check that all that is referred to is there and whole."""
        from datavc.versioning.fsck import check_store

        return check_store(self._vs, deep=deep, repair=repair, progress=progress)

    def usage_of_repos(self) -> list[Usage]:
        """What each repo takes up."""
        from datavc.versioning import usage

        return usage.usage_of_repos(self._vs)

    def usage_of_commit(self, repo: str, ref: str) -> Usage:
        """What one commit takes up."""
        from datavc.versioning import usage

        return usage.usage_of_commit(self._vs, repo, ref)

    def set_retention(self, repo: str, pattern: str, keep_s: int, author: str) -> None:
        """Add or change a retention rule."""
        from datavc.versioning import retention

        retention.set_rule(self._vs, repo, pattern, keep_s, author=author)

    def remove_retention(self, repo: str, pattern: str) -> None:
        """Drop a retention rule."""
        from datavc.versioning import retention

        retention.remove_rule(self._vs, repo, pattern)

    def list_retention(self, repo: str | None) -> list[RetentionRule]:
        """The retention rules of a repo, or of all."""
        from datavc.versioning import retention

        return retention.list_rules(self._vs, repo)
