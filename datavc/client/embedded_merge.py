"""Merges in a datavc in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datavc.model.merge_decisions import Decisions
    from datavc.model.merge_info import MergeInfo
    from datavc.versioning.versioned_store import VersionedStore


class EmbeddedMerge:
    """See :class:`~datavc.client.merge_transport.MergeTransport`."""

    _vs: VersionedStore

    def merge_base(self, repo: str, left: str, right: str) -> str | None:
        """The commit at which two refs parted; ``None`` where they never met."""
        from datavc.versioning.merge_base import find_merge_base

        return find_merge_base(self._vs, repo, left, right)

    def merge(
        self,
        repo: str,
        branch: str,
        source: str,
        message: str,
        author: str,
        *,
        decisions: Decisions,
        fast_forward: bool,
    ) -> MergeInfo:
        """Bring what a ref has changed into a branch."""
        from datavc.versioning import merges

        return merges.merge(
            self._vs,
            repo,
            source,
            branch,
            author=author,
            message=message,
            decisions=decisions,
            fast_forward=fast_forward,
        )

    def revert(
        self,
        repo: str,
        branch: str,
        ref: str,
        message: str,
        author: str,
        *,
        decisions: Decisions,
        mainline: int | None,
    ) -> MergeInfo:
        """Take back what a commit has changed."""
        from datavc.versioning import merges

        return merges.revert(
            self._vs,
            repo,
            branch,
            ref,
            author=author,
            message=message,
            decisions=decisions,
            mainline=mainline,
        )

    def cherry_pick(
        self,
        repo: str,
        branch: str,
        source_repo: str,
        ref: str,
        message: str,
        author: str,
        *,
        decisions: Decisions,
        mainline: int | None,
    ) -> MergeInfo:
        """Do again what a commit has changed."""
        from datavc.versioning import merges

        return merges.cherry_pick(
            self._vs,
            repo,
            branch,
            source_repo,
            ref,
            author=author,
            message=message,
            decisions=decisions,
            mainline=mainline,
        )
