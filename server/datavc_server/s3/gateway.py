"""What the gateway's requests work on."""

from __future__ import annotations

from dataclasses import dataclass

from datavc.versioning.branch_trees import BranchTrees
from datavc.versioning.versioned_store import VersionedStore


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
