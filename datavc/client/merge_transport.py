"""What the SDK needs from a datavc to bring changes from one branch into another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datavc.model.merge_decisions import Decisions
    from datavc.model.merge_info import MergeInfo


class MergeTransport(Protocol):
    """Merge, revert, cherry-pick."""

    def merge_base(self, repo: str, left: str, right: str) -> str | None:
        """The commit at which two refs parted; ``None`` where they never met."""

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
