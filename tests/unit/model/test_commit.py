"""What a commit's id covers, and what it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datavc.model.commit import Commit, Provenance, TreeRef
from datavc.model.entry import Location

TREE = TreeRef(b"t" * 32, Location(bytes(16), 32, 100), 2, 3)
COMMIT = Commit("r", TREE, ("a" * 64,), "ann", "m", 1, Provenance(), "0" * 32)


@pytest.mark.parametrize(
    "other",
    [
        replace(COMMIT, repo="s"),
        replace(COMMIT, tree=replace(TREE, digest=b"u" * 32)),
        replace(COMMIT, tree=replace(TREE, files=3)),
        replace(COMMIT, tree=replace(TREE, bytes=4)),
        replace(COMMIT, parents=()),
        replace(COMMIT, parents=("a" * 64, "b" * 64)),
        replace(COMMIT, author="bob"),
        replace(COMMIT, message="n"),
        replace(COMMIT, time_us=2),
        replace(COMMIT, provenance=Provenance(("c" * 64,))),
        replace(COMMIT, provenance=Provenance((), "p@1")),
        replace(COMMIT, provenance=Provenance((), None, "d" * 64)),
        # The same text in another field is another commit.
        replace(COMMIT, author="m", message="ann"),
    ],
)
def test_the_id_covers(other: Commit) -> None:
    assert other.id != COMMIT.id
    assert len(other.id) == 64


def test_the_id_does_not_cover_where_bytes_lie_nor_the_run() -> None:
    moved = replace(COMMIT, tree=replace(TREE, location=Location(b"p" * 16, 64, 100)))
    assert moved.id == COMMIT.id
    assert replace(COMMIT, run_id="1" * 32).id == COMMIT.id
