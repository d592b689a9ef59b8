"""The one seam between the SDK and what serves it: in this process, or across HTTP.

A transport speaks of commits, refs, staging and jobs. Bytes take another way: :attr:`objects` and
:attr:`chunks` let the SDK read and write packs directly wherever it can reach the store. All refs
are given as text (``main``, ``main~2``, an id prefix) and resolved where the database is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from datavc.client.access_transport import AccessTransport
from datavc.client.control_transport import ControlTransport, JobProgress
from datavc.client.merge_transport import MergeTransport
from datavc.client.pipeline_transport import PipelineTransport
from datavc.client.refs_transport import RefsTransport
from datavc.client.reproduction_transport import ReproductionTransport
from datavc.client.space_transport import SpaceTransport
from datavc.client.spec_transport import SpecTransport
from datavc.client.webhook_transport import WebhookTransport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datavc.model.change_set import StagedRecord
    from datavc.model.commit import TreeRef
    from datavc.model.commit_info import CommitInfo, Lineage
    from datavc.model.file_info import PutResult
    from datavc.model.repo import BranchInfo, RefMove, RepoInfo, Reset, StagedChange, TagInfo
    from datavc.model.s3_key import NewS3Key, S3KeyInfo
    from datavc.model.secret import SecretInfo
    from datavc.store.chunk_index import ChunkIndex
    from datavc.store.objects import ObjectStore

__all__ = ["JobProgress", "Transport"]


class Transport(
    AccessTransport,
    ControlTransport,
    MergeTransport,
    PipelineTransport,
    RefsTransport,
    ReproductionTransport,
    SpaceTransport,
    SpecTransport,
    WebhookTransport,
    Protocol,
):
    """What the SDK needs from a datavc, wherever it runs."""

    #: ``embedded`` or ``http``, and where: for messages.
    kind: str
    address: str
    #: Whether jobs run only while somebody here waits for them; if not, an engine elsewhere works.
    runs_inline: bool
    #: Reads and writes records; see :mod:`datavc.store.objects`.
    objects: ObjectStore
    chunks: ChunkIndex

    def close(self) -> None:
        """Let go of connections and files. Safe to call more than once."""

    def describe(self) -> dict[str, str]:
        """Where the data is, by name: ``kind``, ``address`` and so on."""

    # repos
    def create_repo(self, name: str, description: str, author: str) -> RepoInfo:
        """Create a repo."""

    def list_repos(self) -> list[RepoInfo]:
        """All repos."""

    def get_repo(self, name: str) -> RepoInfo:
        """One repo."""

    def delete_repo(self, name: str, author: str, *, force: bool) -> None:
        """Delete a repo."""

    # branches and tags
    def create_branch(self, repo: str, name: str, start: str | None, author: str) -> BranchInfo:
        """Create a branch."""

    def list_branches(self, repo: str) -> list[BranchInfo]:
        """A repo's branches."""

    def get_branch(self, repo: str, name: str) -> BranchInfo:
        """One branch."""

    def move_branch(
        self, repo: str, name: str, target: str, author: str, *, expected: str | None
    ) -> BranchInfo:
        """Let a branch point at another commit."""

    def delete_branch(self, repo: str, name: str, author: str) -> None:
        """Delete a branch."""

    def create_tag(self, repo: str, name: str, target: str, author: str) -> TagInfo:
        """Create a tag."""

    def list_tags(self, repo: str) -> list[TagInfo]:
        """A repo's tags."""

    def delete_tag(self, repo: str, name: str, author: str) -> None:
        """Delete a tag."""

    def ref_log(self, repo: str, name: str | None, limit: int) -> list[RefMove]:
        """How refs moved, newest first."""

    # staging and commits
    def stage(self, repo: str, branch: str, change_set: StagedRecord, author: str) -> StagedChange:
        """Put a stored change set behind what is staged."""

    def list_staged(self, repo: str, branch: str) -> list[StagedChange]:
        """What is staged, oldest first."""

    def staged_records(self, repo: str, branch: str) -> list[StagedRecord]:
        """Where the staged change sets lie, oldest first."""

    def reset_staging(self, repo: str, branch: str, path: str, author: str) -> Reset:
        """Drop what is staged at a path and below."""

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
        """Fetch what lies elsewhere into a branch, without this process."""

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

    def resolve(self, repo: str, ref: str) -> CommitInfo:
        """The commit that a ref stands for."""

    def tree(self, repo: str, ref: str) -> TreeRef:
        """The tree that a ref stands for."""

    def log(self, repo: str, ref: str, limit: int) -> Iterator[CommitInfo]:
        """A commit and its first parents, newest first."""

    def lineage(self, repo: str, ref: str, direction: str) -> Lineage:
        """The provenance graph above or below a commit."""

    # keys and secrets
    def create_s3_key(self, account: str | None, author: str, *, read_only: bool) -> NewS3Key:
        """Make an access key of the S3 gateway; without an account, one's own."""

    def list_s3_keys(self) -> list[S3KeyInfo]:
        """All access keys, without their secrets."""

    def revoke_s3_key(self, key: str) -> None:
        """Let an access key open nothing any more."""

    def create_secret(
        self, name: str, values: Mapping[str, bytes], author: str, *, update: bool
    ) -> SecretInfo:
        """Make a secret, or replace one."""

    def list_secrets(self) -> list[SecretInfo]:
        """All secrets, without their values."""

    def delete_secret(self, name: str, *, force: bool) -> None:
        """Delete a secret."""
