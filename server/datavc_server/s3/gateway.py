"""What the gateway's requests work on."""

from __future__ import annotations

from dataclasses import dataclass, field

from datavc.versioning.branch_trees import BranchTrees
from datavc.versioning.versioned_store import VersionedStore
from datavc_server.s3.upload_digests import UploadDigests
from datavc_server.token_bucket import TokenBuckets


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway's parts. Safe to share between threads."""

    vs: VersionedStore
    #: Branches as they are, with what is staged.
    trees: BranchTrees
    #: Whether each write is committed at once.
    commit_writes: bool
    #: Largest object or part of one request, in bytes.
    max_object: int
    #: Whether a key is of an account even while there is none.
    accounts_only: bool = False
    #: How often accounts ask.
    rates: TokenBuckets = field(default_factory=TokenBuckets)
    #: How often somebody from an address is refused, so that not all of it fills the audit log.
    refusals: TokenBuckets = field(default_factory=TokenBuckets)
    #: Of objects that come in parts.
    digests: UploadDigests = field(default_factory=UploadDigests)
