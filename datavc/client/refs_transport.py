"""What the SDK needs from a datavc for histories, transactions, undoing, and branch protection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datavc.model.branch_trigger import BranchTrigger
    from datavc.model.commit_info import CommitInfo
    from datavc.model.log_filter import LogFilter
    from datavc.model.repo import Protection, Undone


class RefsTransport(Protocol):
    """Histories and refs."""

    def filtered_log(
        self, repo: str, ref: str, wanted: LogFilter, limit: int
    ) -> Iterator[CommitInfo]:
        """Those of a commit and its first parents that are asked for, newest first."""

    def commit_together(
        self, targets: Sequence[tuple[str, str]], message: str, author: str, *, allow_empty: bool
    ) -> list[CommitInfo]:
        """Commit the staging of several branches at once or not at all."""

    def undo(self, repo: str, name: str, author: str) -> Undone:
        """Take back the last move of a branch or tag."""

    def set_trigger(self, repo: str, branch: str, trigger: BranchTrigger) -> None:
        """Let a branch follow another one."""

    def remove_trigger(self, repo: str, branch: str) -> None:
        """Let it stay where it is."""

    def list_triggers(self, repo: str) -> dict[str, BranchTrigger]:
        """A repo's triggers, by branch."""

    def protect(self, repo: str, pattern: str, author: str, *, allow_commits: bool) -> Protection:
        """Let some branches be changed by merges only."""

    def unprotect(self, repo: str, pattern: str) -> None:
        """Lift that."""

    def list_protections(self, repo: str) -> list[Protection]:
        """A repo's protected branches."""
