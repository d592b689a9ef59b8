"""Verbs on repos, branches, tags and the ref log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.base import ClientBase

if TYPE_CHECKING:
    from datavc.client.transport import JobProgress
    from datavc.model.repo import BranchInfo, RefMove, RepoInfo, TagInfo


class RepoVerbs(ClientBase):
    """Repos, and the names for commits in them."""

    def create_repo(self, name: str, *, description: str = "") -> RepoInfo:
        """Create an empty repo with the branch ``main``.

        Raises:
            InvalidName: *name* cannot name a repo.
            AlreadyExists: it is taken.
        """
        return self.transport.create_repo(name, description, self.author)

    def list_repos(self) -> list[RepoInfo]:
        """All repos, by name."""
        return self.transport.list_repos()

    def get_repo(self, name: str) -> RepoInfo:
        """One repo.

        Raises:
            NotFound: there is none of that name.
        """
        return self.transport.get_repo(name)

    def delete_repo(self, name: str, *, force: bool = False) -> None:
        """Delete a repo with its branches, tags and commits.

        Args:
            name: the repo.
            force: delete it although a pipeline reads it.

        Raises:
            NotFound: there is none of that name.
            Conflict: a pipeline writes it, or reads it and *force* is not set.
        """
        self.transport.delete_repo(name, self.author, force=force)

    def create_branch(
        self, repo: str, name: str, *, start: str | None = None, run: bool = True
    ) -> BranchInfo:
        """Create a branch.

        Args:
            repo: where.
            name: of the new branch.
            start: the ref it starts at; without one it has no commit yet.
            run: run the pipelines that read it, where pipelines run inline.

        Raises:
            InvalidName: *name* cannot name a branch.
            NotFound: there is no such repo or *start*.
            AlreadyExists: a branch or tag has that name.
        """
        branch = self.transport.create_branch(repo, name, start, self.author)
        if run:
            self.run_pipelines(branch)
        return branch

    def list_branches(self, repo: str) -> list[BranchInfo]:
        """All branches of a repo, by name.

        Raises:
            NotFound: there is no such repo.
        """
        return self.transport.list_branches(repo)

    def get_branch(self, repo: str, name: str) -> BranchInfo:
        """One branch.

        Raises:
            NotFound: there is no such repo or branch.
        """
        return self.transport.get_branch(repo, name)

    def move_branch(
        self,
        repo: str,
        name: str,
        target: str,
        *,
        expected: str | None = None,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> BranchInfo:
        """Let a branch point at another commit, forward or back; the ref log keeps the old one.

        Args:
            repo: where.
            name: the branch.
            target: the ref it shall point at.
            expected: move it only if its head is this ref.
            run: run the pipelines that read it, where pipelines run inline.
            progress: called as their jobs move on.

        Raises:
            NotFound: there is no such repo, branch or *target*.
            Conflict: its head is not *expected*, or a pipeline writes this branch.
        """
        branch = self.transport.move_branch(repo, name, target, self.author, expected=expected)
        if run:
            self.run_pipelines(branch, progress)
        return branch

    def delete_branch(self, repo: str, name: str) -> None:
        """Delete a branch; its commits stay.

        Raises:
            NotFound: there is no such repo or branch.
            Conflict: it is the default branch, or a pipeline's.
        """
        self.transport.delete_branch(repo, name, self.author)

    def create_tag(self, repo: str, name: str, *, target: str | None = None) -> TagInfo:
        """Give a commit a name that does not move.

        Args:
            repo: where.
            name: of the new tag.
            target: the ref to tag; without one the default branch's head.

        Raises:
            InvalidName: *name* cannot name a tag.
            NotFound: there is no such repo or *target*.
            AlreadyExists: a branch or tag has that name.
        """
        ref = target if target is not None else self.get_repo(repo).default_branch
        return self.transport.create_tag(repo, name, ref, self.author)

    def list_tags(self, repo: str) -> list[TagInfo]:
        """All tags of a repo, by name.

        Raises:
            NotFound: there is no such repo.
        """
        return self.transport.list_tags(repo)

    def delete_tag(self, repo: str, name: str) -> None:
        """Delete a tag; its commit stays.

        Raises:
            NotFound: there is no such repo or tag.
        """
        self.transport.delete_tag(repo, name, self.author)

    def ref_log(self, repo: str, name: str | None = None, *, limit: int = 100) -> list[RefMove]:
        """How a repo's branches and tags moved, newest first.

        Args:
            repo: where.
            name: only this branch or tag.
            limit: at most so many moves.

        Raises:
            NotFound: there is no such repo.
        """
        return self.transport.ref_log(repo, name, limit)
