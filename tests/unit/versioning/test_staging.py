"""Staging: what is put behind what others put at the same time."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from sqlalchemy import insert, select

from datavc.db.tables import Staged
from datavc.errors import Conflict, DataCorrupt, PathConflict
from datavc.model.commit import TreeRef
from datavc.model.entry import Change, Location
from datavc.model.ids import digest_of
from datavc.model.tree.node import NodeSource
from datavc.versioning import staging
from datavc.versioning.commits import commit_staged
from datavc.versioning.resolve import get_tree
from datavc.versioning.staging import list_staged, stage
from datavc.versioning.versioned_store import VersionedStore
from tests.services.small_store import commit_files, read_files, store_changes


class Meddler:
    """Does something else whenever a change set has been checked, some times."""

    def __init__(self, vs: VersionedStore, paths: list[str], *, commits: bool = False) -> None:
        self.vs = vs
        self.paths = paths
        self.commits = commits
        self.checks = 0
        self.original = staging.check_collisions

    def __call__(self, base: TreeRef, changes: Iterable[Change], source: NodeSource) -> None:
        self.original(base, changes, source)
        self.checks += 1
        if self.paths:
            files = {self.paths.pop(): b"theirs"}
            if self.commits:
                commit_files(self.vs, files)
            else:
                stage(self.vs, "data", "main", store_changes(self.vs, files), author="bob")


@pytest.mark.parametrize("commits", [False, True])
def test_what_others_did_since_the_check_is_seen(
    vs: VersionedStore, monkeypatch: pytest.MonkeyPatch, commits: bool
) -> None:
    record = store_changes(vs, {"a": b"mine"})
    monkeypatch.setattr(staging, "check_collisions", Meddler(vs, ["a/b"], commits=commits))
    with pytest.raises(PathConflict, match="/a would be a file and also the folder of /a/b"):
        stage(vs, "data", "main", record, author="ann")
    assert len(list_staged(vs, "data", "main")) == (0 if commits else 1)


def test_who_is_always_overtaken_gets_a_turn(
    vs: VersionedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_TRIES", 3)
    record = store_changes(vs, {"mine": b"1"})
    meddler = Meddler(vs, ["x", "y", "z"], commits=True)
    monkeypatch.setattr(staging, "check_collisions", meddler)
    stage(vs, "data", "main", record, author="ann")
    assert meddler.checks == 4
    commit_staged(vs, "data", "main", message="m", author="ann")
    assert sorted(read_files(vs)) == ["mine", "x", "y", "z"]


def test_nothing_is_staged_where_the_same_transaction_fails(vs: VersionedStore) -> None:
    record = store_changes(vs, {"a": b"1"})

    def refuse(conn: object, change: object) -> None:
        raise Conflict("not now")

    with pytest.raises(Conflict, match="not now"):
        stage(vs, "data", "main", record, author="ann", extra=refuse)
    assert list_staged(vs, "data", "main") == []


def test_staging_may_be_long(vs: VersionedStore) -> None:
    stage(vs, "data", "main", store_changes(vs, {"a": b"1"}), author="ann")
    columns = [column for column in Staged.c if column.name != "id"]
    with vs.db.write() as conn:
        for _ in range(14):
            conn.execute(insert(Staged).from_select(columns, select(*columns)))
    assert len(list_staged(vs, "data", "main")) == 2**14


def test_a_node_in_memory_answers_to_its_own_digest_only(vs: VersionedStore) -> None:
    commit_files(vs, {"a": b"1"})
    tree = get_tree(vs, "data", "main")
    assert isinstance(tree.location, Location)
    vs.nodes.load(tree.digest, tree.location)
    with pytest.raises(DataCorrupt):
        vs.nodes.load(digest_of(b"another"), tree.location)
