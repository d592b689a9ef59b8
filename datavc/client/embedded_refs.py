"""Filtered histories, undoing and branch protection of a datavc in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datavc.model.branch_trigger import BranchTrigger
    from datavc.model.commit_info import CommitInfo
    from datavc.model.log_filter import LogFilter
    from datavc.model.repo import Protection, Undone
    from datavc.versioning.versioned_store import VersionedStore


class EmbeddedRefs:
    """See :class:`~datavc.client.refs_transport.RefsTransport`."""

    _vs: VersionedStore

    def filtered_log(
        self, repo: str, ref: str, wanted: LogFilter, limit: int
    ) -> Iterator[CommitInfo]:
        """Those of a commit and its first parents that are asked for, newest first."""
        from datavc.versioning.filtered_log import filtered_log

        return filtered_log(self._vs, repo, ref, wanted, limit)

    def commit_together(
        self, targets: Sequence[tuple[str, str]], message: str, author: str, *, allow_empty: bool
    ) -> list[CommitInfo]:
        """Commit the staging of several branches at once or not at all."""
        from datavc.versioning.transactions import commit_together

        return commit_together(
            self._vs, targets, message=message, author=author, allow_empty=allow_empty
        )

    def undo(self, repo: str, name: str, author: str) -> Undone:
        """Take back the last move of a branch or tag."""
        from datavc.versioning.undo import undo

        return undo(self._vs, repo, name, author=author)

    def set_trigger(self, repo: str, branch: str, trigger: BranchTrigger) -> None:
        """Let a branch follow another one."""
        from datavc.versioning import branch_triggers

        branch_triggers.set_trigger(self._vs, repo, branch, trigger)

    def remove_trigger(self, repo: str, branch: str) -> None:
        """Let it stay where it is."""
        from datavc.versioning import branch_triggers

        branch_triggers.remove_trigger(self._vs, repo, branch)

    def list_triggers(self, repo: str) -> dict[str, BranchTrigger]:
        """A repo's triggers, by branch."""
        from datavc.versioning import branch_triggers

        return branch_triggers.list_triggers(self._vs, repo)

    def protect(self, repo: str, pattern: str, author: str, *, allow_commits: bool) -> Protection:
        """Let some branches be changed by merges only."""
        from datavc.versioning import protections

        return protections.protect(
            self._vs, repo, pattern, author=author, allow_commits=allow_commits
        )

    def unprotect(self, repo: str, pattern: str) -> None:
        """Lift that."""
        from datavc.versioning import protections

        protections.unprotect(self._vs, repo, pattern)

    def list_protections(self, repo: str) -> list[Protection]:
        """A repo's protected branches."""
        from datavc.versioning import protections

        return protections.list_protections(self._vs, repo)
