"""Verbs on refs: taking back what moved them, and keeping them from being moved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.errors import InvalidAddress

if TYPE_CHECKING:
    from datavc.client.transport import JobProgress
    from datavc.model.address import Address
    from datavc.model.branch_trigger import BranchTrigger
    from datavc.model.repo import Protection, Undone


class RefVerbs(ClientBase):
    """Branches and tags as names that move."""

    def undo(
        self, address: str | Address, *, run: bool = True, progress: JobProgress | None = None
    ) -> Undone:
        """Take back the last move of a branch or tag that was not taken back yet.

        A branch goes back to the commit that it stood at; one that was deleted comes back, and so
        does a tag. Called again, it goes further back.

        Args:
            address: ``repo`` or ``repo@name``.
            run: run the pipelines that the branch feeds, where they run inline.
            progress: called as their jobs move on.

        Raises:
            NotFound: there is no such repo, or nothing of that name was ever moved.
            Conflict: there is nothing left to undo, or a pipeline writes the repo.
            Protected: the branch may not be moved.
        """
        located = self.locate(address)
        if not located.ref.is_plain:
            raise InvalidAddress(
                f"'{located.ref}' is a commit, and only moves of a branch or tag are undone",
                hint="name the branch alone, such as repo@main",
            )
        done = self.transport.undo(located.repo, located.ref.name, self.author)
        if run and done.run_id is not None and done.kind == "branch":
            branch = self.transport.get_branch(located.repo, done.name)
            branch = replace(branch, run_id=done.run_id)
            self.run_pipelines(branch, progress)
        return done

    def set_trigger(self, repo: str, branch: str, trigger: BranchTrigger) -> None:
        """Let a branch follow another one whenever *trigger* fires, in place of an earlier trigger.

        Raises:
            NotFound: there is no such repo, or one of the branches is not there.
            InvalidInput: a branch would follow itself.
            Conflict: a pipeline writes the repo.
        """
        self.transport.set_trigger(repo, branch, trigger)

    def remove_trigger(self, repo: str, branch: str) -> None:
        """Let a branch stay where it is.

        Raises:
            NotFound: there is no such repo, or the branch has no trigger.
        """
        self.transport.remove_trigger(repo, branch)

    def list_triggers(self, repo: str) -> dict[str, BranchTrigger]:
        """A repo's triggers, by the branch that they move.

        Raises:
            NotFound: there is no such repo.
        """
        return self.transport.list_triggers(repo)

    def protect(self, repo: str, pattern: str, *, allow_commits: bool = False) -> Protection:
        """Let branches be changed by merges only: no commit, no move, no deletion.

        Args:
            repo: the repo.
            pattern: glob over branch names.
            allow_commits: let commits be made on them, but neither moves nor deletion.

        Raises:
            NotFound: there is no such repo.
            InvalidInput: the pattern is malformed.
        """
        return self.transport.protect(repo, pattern, self.author, allow_commits=allow_commits)

    def unprotect(self, repo: str, pattern: str) -> None:
        """Lift the protection of that pattern.

        Raises:
            NotFound: there is no such repo or protection.
        """
        self.transport.unprotect(repo, pattern)

    def list_protections(self, repo: str) -> list[Protection]:
        """A repo's protected branches.

        Raises:
            NotFound: there is no such repo.
        """
        return self.transport.list_protections(repo)
