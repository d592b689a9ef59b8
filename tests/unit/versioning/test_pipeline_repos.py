"""Repos that pipelines read or write: what may not be done to them."""

from __future__ import annotations

import pytest

from datavc.db import pipelines
from datavc.db.pipelines import InputBranch, NewVersion
from datavc.errors import Conflict, NotFound
from datavc.model.commit import Provenance
from datavc.versioning.branches import create_branch, delete_branch, move_branch
from datavc.versioning.commits import commit_staged, commit_tree
from datavc.versioning.lineage import lineage
from datavc.versioning.repos import create_repo, delete_repo, get_repo
from datavc.versioning.resolve import get_tree
from datavc.versioning.staging import stage
from datavc.versioning.versioned_store import VersionedStore
from tests.services.small_store import commit_files, store_changes


@pytest.fixture
def pipeline(vs: VersionedStore) -> int:
    """A pipeline that reads ``data`` and has made one commit of ``out`` from it."""
    create_repo(vs, "out", author="ann")
    head = commit_files(vs, {"a": b"1"}).id
    version = NewVersion(
        {}, "ab" * 32, [InputBranch("data", "data", "main")], "out", "main", "ann", 1
    )
    with vs.db.write() as conn:
        made = pipelines.create(conn, "train", version)
    commit_tree(
        vs,
        "out",
        "main",
        get_tree(vs, "data", "main"),
        message="made",
        author="train",
        provenance=Provenance((head,), "train@1", "ab" * 32),
        run_id="0" * 32,
        expected_head=None,
        extra=lambda conn, commit: None,
        relies_on=(),
    )
    return made


@pytest.mark.parametrize("repo", ["data", "out"])
@pytest.mark.parametrize("force", [False, True])
def test_a_repo_in_use_is_not_deleted(
    vs: VersionedStore, pipeline: int, repo: str, force: bool
) -> None:
    with pytest.raises(Conflict, match=f"{repo}' is used by pipeline train"):
        delete_repo(vs, repo, author="ann", force=force)
    assert get_repo(vs, repo).name == repo


def test_what_others_were_made_from_is_deleted_by_force_only(
    vs: VersionedStore, pipeline: int
) -> None:
    with vs.db.write() as conn:
        assert pipelines.remove(conn, pipeline)
    with pytest.raises(Conflict, match="were made from those of 'data'"):
        delete_repo(vs, "data", author="ann")
    (edge,) = lineage(vs, "out", "main").edges
    delete_repo(vs, "data", author="ann", force=True)
    with pytest.raises(NotFound):
        get_repo(vs, "data")
    # The lineage keeps the id of what is gone.
    kept = lineage(vs, "out", "main")
    assert kept.edges == (edge,)
    assert [commit.repo for commit in kept.commits] == ["out"]


def test_nobody_but_its_pipeline_writes_an_output_repo(vs: VersionedStore, pipeline: int) -> None:
    record = store_changes(vs, {"mine": b"1"})
    head = get_tree(vs, "out", "main")
    refused = "written by pipeline 'train'"
    with pytest.raises(Conflict, match=refused):
        stage(vs, "out", "main", record, author="ann")
    with pytest.raises(Conflict, match=refused):
        commit_files(vs, {"mine": b"1"}, repo="out")
    with pytest.raises(Conflict, match=refused):
        commit_staged(vs, "out", "main", message="m", author="ann", allow_empty=True)
    with pytest.raises(Conflict, match=refused):
        move_branch(vs, "out", "main", "main", author="ann")
    create_branch(vs, "out", "look", author="ann", start="main")
    with pytest.raises(Conflict, match=refused):
        delete_branch(vs, "out", "look", author="ann")
    assert get_tree(vs, "out", "main") == head
