"""What the gateway's requests work on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datavc.versioning.branch_trees import BranchTrees
from datavc.versioning.session_outputs import SessionTrees
from datavc.versioning.versioned_store import VersionedStore
from datavc_server.s3.upload_digests import UploadDigests
from datavc_server.token_bucket import TokenBuckets

if TYPE_CHECKING:
    from datavc_server.s3.job_buckets import JobBuckets


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway's parts. Safe to share between threads."""

    vs: VersionedStore
    #: Branches as they are, with what is staged.
    trees: BranchTrees
    #: What jobs put out, as it is.
    outputs: SessionTrees
    #: Whether each write is committed at once.
    commit_writes: bool
    #: Largest object or part of one request, in bytes.
    max_object: int
    #: Whether a key is of an account even while there is none.
    accounts_only: bool = False
    #: The buckets of the job whose key signed the request; ``None`` where they are the repos.
    job: JobBuckets | None = None
    #: How often accounts ask.
    rates: TokenBuckets = field(default_factory=TokenBuckets)
    #: How often somebody from an address is refused, so that not all of it fills the audit log.
    refusals: TokenBuckets = field(default_factory=TokenBuckets)
    #: Of objects that come in parts.
    digests: UploadDigests = field(default_factory=UploadDigests)
