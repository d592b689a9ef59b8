"""A commit: an immutable snapshot of a tree, with its parents and its provenance."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from datavc.model.entry import Location
from datavc.model.ids import digest_of


@dataclass(frozen=True, slots=True)
class TreeRef:
    """The root of a tree: its logical digest and where its root node lies.

    ``location`` is ``None`` only for the empty tree.
    """

    digest: bytes
    location: Location | None
    #: Files in the tree.
    files: int
    #: Sum of the files' plain sizes, in bytes.
    bytes: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a commit was made from."""

    #: Ids of the upstream commits, sorted.
    commits: tuple[str, ...] = ()
    #: ``name@version`` of the pipeline that made it, or ``None`` for a commit by a person.
    pipeline: str | None = None
    #: Digest (hex) of the pipeline version: image digest, command, environment.
    pipeline_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. Its id is a hash of everything below but ``tree.location``."""

    repo: str
    tree: TreeRef
    parents: tuple[str, ...]
    author: str
    message: str
    #: Microseconds since the Unix epoch, UTC.
    time_us: int
    provenance: Provenance
    #: The run this commit belongs to (not hashed: it is the same work under any run).
    run_id: str

    @property
    def id(self) -> str:
        """64 hex digits: BLAKE3-256 of :func:`encode_identity`."""
        return digest_of(encode_identity(self)).hex()


def encode_identity(commit: Commit) -> bytes:
    """The canonical bytes that a commit's id hashes (``docs/format/tree.md``, section Commit)."""
    return msgspec.msgpack.encode(
        [
            "datavc.commit.1",
            commit.repo,
            commit.tree.digest,
            commit.tree.files,
            commit.tree.bytes,
            list(commit.parents),
            commit.author,
            commit.message,
            commit.time_us,
            list(commit.provenance.commits),
            commit.provenance.pipeline,
            commit.provenance.pipeline_digest,
        ]
    )
