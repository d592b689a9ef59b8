"""datavc in this process: a home folder, and pipelines that run while a call waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.embedded_access import EmbeddedAccess
from datavc.client.embedded_control import EmbeddedControl
from datavc.client.embedded_lineage import tell_lineage
from datavc.client.embedded_merge import EmbeddedMerge
from datavc.client.embedded_pipelines import EmbeddedPipelines
from datavc.client.embedded_refs import EmbeddedRefs
from datavc.client.embedded_reproduction import EmbeddedReproduction
from datavc.client.embedded_space import EmbeddedSpace
from datavc.client.embedded_specs import EmbeddedSpecs
from datavc.client.embedded_webhooks import EmbeddedWebhooks
from datavc.errors import InvalidInput
from datavc.versioning.versioned_store import open_versioned_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from datavc.model.change_set import StagedRecord
    from datavc.model.commit import TreeRef
    from datavc.model.commit_info import CommitInfo, Lineage
    from datavc.model.file_info import PutResult
    from datavc.model.repo import BranchInfo, RefMove, RepoInfo, Reset, StagedChange, TagInfo
    from datavc.model.s3_key import NewS3Key, S3KeyInfo
    from datavc.model.secret import SecretInfo


class EmbeddedTransport(
    EmbeddedAccess,
    EmbeddedControl,
    EmbeddedMerge,
    EmbeddedPipelines,
    EmbeddedRefs,
    EmbeddedReproduction,
    EmbeddedSpace,
    EmbeddedSpecs,
    EmbeddedWebhooks,
):
    """Opens the database and the store itself.

    What does the work is imported by what needs it alone: all of it takes most of the time of a
    short command.

    Args:
        home: folder of both, unless they are said to be elsewhere.
        store: a folder or ``s3://bucket/prefix``.
        database: a SQLAlchemy URL.

    Raises:
        InvalidInput: an address is malformed.
        StoreUnavailable, DatabaseUnavailable, OutOfSpace: one of them cannot be opened or made.
    """

    kind = "embedded"
    runs_inline = True

    def __init__(self, home: Path, store: str | None = None, database: str | None = None) -> None:
        self.address = str(home)
        self._home = home
        self._store = store
        self._database = database
        self._vs = open_versioned_store(home, store, database, store_when_used=True)
        self.objects = self._vs.objects
        self.chunks = self._vs.chunks

    def close(self) -> None:
        """Let go of the database."""
        try:
            tell_lineage(self._vs)
        finally:
            self._vs.close()

    def describe(self) -> dict[str, str]:
        """Where home, store and database are; a password in an address is left out."""
        from sqlalchemy import make_url

        database = f"sqlite:///{self._home / 'datavc.db'}"
        if self._database:
            database = make_url(self._database).render_as_string(hide_password=True)
        return {
            "kind": self.kind,
            "address": self.address,
            "store": self._store or str(self._home / "store"),
            "database": database,
        }

    def create_repo(self, name: str, description: str, author: str) -> RepoInfo:
        """Create a repo."""
        from datavc.versioning import repos

        return repos.create_repo(self._vs, name, author=author, description=description)

    def list_repos(self) -> list[RepoInfo]:
        """All repos."""
        from datavc.versioning import repos

        return repos.list_repos(self._vs)

    def get_repo(self, name: str) -> RepoInfo:
        """One repo."""
        from datavc.versioning import repos

        return repos.get_repo(self._vs, name)

    def delete_repo(self, name: str, author: str, *, force: bool) -> None:
        """Delete a repo."""
        from datavc.versioning import repos

        repos.delete_repo(self._vs, name, author=author, force=force)

    def create_branch(self, repo: str, name: str, start: str | None, author: str) -> BranchInfo:
        """Create a branch."""
        from datavc.versioning import branches

        return branches.create_branch(self._vs, repo, name, author=author, start=start)

    def list_branches(self, repo: str) -> list[BranchInfo]:
        """A repo's branches."""
        from datavc.versioning import branches

        return branches.list_branches(self._vs, repo)

    def get_branch(self, repo: str, name: str) -> BranchInfo:
        """One branch."""
        from datavc.versioning import branches

        return branches.get_branch(self._vs, repo, name)

    def move_branch(
        self, repo: str, name: str, target: str, author: str, *, expected: str | None
    ) -> BranchInfo:
        """Let a branch point at another commit."""
        from datavc.versioning import branches

        return branches.move_branch(self._vs, repo, name, target, author=author, expected=expected)

    def delete_branch(self, repo: str, name: str, author: str) -> None:
        """Delete a branch."""
        from datavc.versioning import branches

        branches.delete_branch(self._vs, repo, name, author=author)

    def create_tag(self, repo: str, name: str, target: str, author: str) -> TagInfo:
        """Create a tag."""
        from datavc.versioning import tags

        return tags.create_tag(self._vs, repo, name, target, author=author)

    def list_tags(self, repo: str) -> list[TagInfo]:
        """A repo's tags."""
        from datavc.versioning import tags

        return tags.list_tags(self._vs, repo)

    def delete_tag(self, repo: str, name: str, author: str) -> None:
        """Delete a tag."""
        from datavc.versioning import tags

        tags.delete_tag(self._vs, repo, name, author=author)

    def ref_log(self, repo: str, name: str | None, limit: int) -> list[RefMove]:
        """How refs moved, newest first."""
        from datavc.versioning import branches

        return branches.list_moves(self._vs, repo, name, limit)

    def stage(self, repo: str, branch: str, change_set: StagedRecord, author: str) -> StagedChange:
        """Put a stored change set behind what is staged."""
        from datavc.versioning import staging

        return staging.stage(self._vs, repo, branch, change_set, author=author)

    def list_staged(self, repo: str, branch: str) -> list[StagedChange]:
        """What is staged, oldest first."""
        from datavc.versioning import staging

        return staging.list_staged(self._vs, repo, branch)

    def staged_records(self, repo: str, branch: str) -> list[StagedRecord]:
        """Where the staged change sets lie, oldest first."""
        from datavc.versioning import staging

        return staging.staged_records(self._vs, repo, branch)

    def reset_staging(self, repo: str, branch: str, path: str, author: str) -> Reset:
        """Drop what is staged at a path and below."""
        from datavc.versioning import reset

        return reset.reset_staging(self._vs, repo, branch, path, author=author)

    def fetch(
        self,
        repo: str,
        branch: str,
        path: str,
        source: str,
        message: str | None,
        author: str,
        *,
        recursive: bool,
    ) -> PutResult:
        """There is nobody else to fetch.

        Raises:
            InvalidInput: always.
        """
        del repo, branch, path, source, message, author, recursive
        raise InvalidInput(
            "there is no server that could fetch it", hint="put the URL without --by-server"
        )

    def commit(
        self,
        repo: str,
        branch: str,
        message: str,
        author: str,
        *,
        change_set: StagedRecord | None,
        allow_empty: bool,
        expected_head: str | None = None,
    ) -> CommitInfo:
        """Commit a branch's staging, or one change set and nothing else."""
        from datavc.versioning import commits

        if change_set is None:
            return commits.commit_staged(
                self._vs, repo, branch, message=message, author=author, allow_empty=allow_empty
            )
        return commits.commit_changes(
            self._vs,
            repo,
            branch,
            change_set,
            message=message,
            author=author,
            allow_empty=allow_empty,
            expected_head=expected_head,
        )

    def resolve(self, repo: str, ref: str) -> CommitInfo:
        """The commit that a ref stands for."""
        from datavc.versioning import resolve

        return resolve.get_commit(self._vs, repo, ref)

    def tree(self, repo: str, ref: str) -> TreeRef:
        """The tree that a ref stands for."""
        from datavc.versioning import resolve

        return resolve.get_tree(self._vs, repo, ref)

    def log(self, repo: str, ref: str, limit: int) -> Iterator[CommitInfo]:
        """A commit and its first parents, newest first."""
        from datavc.versioning import history

        return history.log(self._vs, repo, ref, limit)

    def lineage(self, repo: str, ref: str, direction: str) -> Lineage:
        """The provenance graph above or below a commit."""
        from datavc.versioning import lineage

        return lineage.lineage(self._vs, repo, ref, direction)

    def create_s3_key(self, account: str | None, author: str, *, read_only: bool) -> NewS3Key:
        """Make an access key of the S3 gateway; without an account, one's own."""
        from datavc.access.key_holder import check_holder
        from datavc.engine import s3_keys

        holder = author if account is None else account
        check_holder(self._vs.db, holder)
        return s3_keys.create_s3_key(self._vs, holder, read_only=read_only)

    def list_s3_keys(self) -> list[S3KeyInfo]:
        """All access keys, without their secrets."""
        from datavc.engine import s3_keys

        return s3_keys.list_s3_keys(self._vs)

    def revoke_s3_key(self, key: str) -> None:
        """Let an access key open nothing any more."""
        from datavc.engine import s3_keys

        s3_keys.revoke_s3_key(self._vs, key)

    def create_secret(
        self, name: str, values: Mapping[str, bytes], author: str, *, update: bool
    ) -> SecretInfo:
        """Make a secret, or replace one."""
        from datavc.engine import secrets

        return secrets.create_secret(self._vs, name, values, author, update=update)

    def list_secrets(self) -> list[SecretInfo]:
        """All secrets, without their values."""
        from datavc.engine import secrets

        return secrets.list_secrets(self._vs)

    def delete_secret(self, name: str, *, force: bool) -> None:
        """Delete a secret."""
        from datavc.engine import secrets

        secrets.delete_secret(self._vs, name, force=force)
