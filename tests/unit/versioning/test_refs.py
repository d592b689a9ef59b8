"""Repos, branches, tags, and what people write for a commit."""

from __future__ import annotations

import pytest

from datavc.db import outbox
from datavc.errors import (
    AlreadyExists,
    Conflict,
    InvalidAddress,
    InvalidInput,
    InvalidName,
    LostRace,
    NotFound,
)
from datavc.model.tree.empty import EMPTY_TREE
from datavc.versioning.branches import (
    create_branch,
    delete_branch,
    get_branch,
    list_branches,
    list_moves,
    move_branch,
)
from datavc.versioning.history import log
from datavc.versioning.repos import create_repo, delete_repo, get_repo, list_repos
from datavc.versioning.resolve import get_commit, get_tree
from datavc.versioning.tags import create_tag, delete_tag, list_tags
from datavc.versioning.versioned_store import VersionedStore
from tests.services.small_store import commit_files, read_files


def test_a_new_repo_has_an_empty_default_branch(vs: VersionedStore) -> None:
    assert [(b.name, b.head) for b in list_branches(vs, "data")] == [("main", None)]
    assert get_tree(vs, "data", "main") == EMPTY_TREE
    assert (get_repo(vs, "data").files, get_repo(vs, "data").pipeline) == (0, None)
    with pytest.raises(NotFound, match="has no commit yet"):
        get_commit(vs, "data", "main")
    assert list(log(vs, "data", "main")) == []


def test_repo_names_are_taken_once(vs: VersionedStore) -> None:
    with pytest.raises(AlreadyExists, match="'data'"):
        create_repo(vs, "data", author="ann")
    with pytest.raises(InvalidName):
        create_repo(vs, "../data", author="ann")
    assert [repo.name for repo in list_repos(vs)] == ["data"]


def test_a_missing_repo_is_guessed(vs: VersionedStore) -> None:
    with pytest.raises(NotFound, match="did you mean data"):
        get_repo(vs, "dta")


def test_a_deleted_repo_is_gone(vs: VersionedStore) -> None:
    commit_files(vs, {"a": b"1"})
    delete_repo(vs, "data", author="ann")
    with pytest.raises(NotFound):
        get_repo(vs, "data")
    create_repo(vs, "data", author="ann")
    assert get_tree(vs, "data", "main") == EMPTY_TREE


def test_refs_resolve(vs: VersionedStore) -> None:
    first = commit_files(vs, {"a": b"1"})
    second = commit_files(vs, {"a": b"2"})
    create_tag(vs, "data", "v1", "main~1", author="ann")
    for ref in ("main~1", "main~", "main^", "v1", first.id, first.id[:8], f"{second.id}~1"):
        assert get_commit(vs, "data", ref).id == first.id
    assert get_commit(vs, "data", "main").id == second.id
    with pytest.raises(NotFound, match="history of main has no such commit"):
        get_commit(vs, "data", "main~2")
    with pytest.raises(NotFound, match="did you mean main"):
        get_commit(vs, "data", "mian")
    with pytest.raises(InvalidAddress):
        get_commit(vs, "data", "main~x")


def test_an_unclear_prefix_names_the_candidates(vs: VersionedStore) -> None:
    seen: dict[str, str] = {}
    for number in range(2000):
        commit_id = commit_files(vs, {"a": str(number).encode()}).id
        other = seen.setdefault(commit_id[:4], commit_id)
        if other != commit_id:
            with pytest.raises(Conflict, match=commit_id[:16]):
                get_commit(vs, "data", commit_id[:4])
            return
    pytest.fail("no two commits share four digits")


def test_branches_are_names_for_commits(vs: VersionedStore) -> None:
    first = commit_files(vs, {"a": b"1"})
    assert create_branch(vs, "data", "try/one", author="bob", start="main").head == first.id
    second = commit_files(vs, {"b": b"2"}, branch="try/one")
    assert read_files(vs, "main") == {"a": b"1"}
    assert read_files(vs, "try/one") == {"a": b"1", "b": b"2"}
    assert move_branch(vs, "data", "main", "try/one", author="bob").head == second.id
    assert move_branch(vs, "data", "main", "main~1", author="bob").head == first.id
    with pytest.raises(AlreadyExists):
        create_branch(vs, "data", "main", author="bob")
    with pytest.raises(InvalidName):
        create_branch(vs, "data", "a..b", author="bob")
    delete_branch(vs, "data", "try/one", author="bob")
    with pytest.raises(NotFound, match="no branch 'try/one'"):
        get_branch(vs, "data", "try/one")
    assert get_commit(vs, "data", second.id).id == second.id


def test_the_default_branch_stays(vs: VersionedStore) -> None:
    with pytest.raises(InvalidInput, match="default branch"):
        delete_branch(vs, "data", "main", author="ann")


def test_a_move_may_expect_where_the_branch_stands(vs: VersionedStore) -> None:
    first = commit_files(vs, {"a": b"1"})
    second = commit_files(vs, {"a": b"2"})
    with pytest.raises(LostRace):
        move_branch(vs, "data", "main", first.id, author="ann", expected=first.id)
    moved = move_branch(vs, "data", "main", first.id, author="ann", expected=second.id)
    assert moved.head == first.id


def test_the_ref_log_tells_every_move(vs: VersionedStore) -> None:
    first = commit_files(vs, {"a": b"1"})
    second = commit_files(vs, {"a": b"2"})
    move_branch(vs, "data", "main", "main~1", author="bob")
    create_tag(vs, "data", "v2", second.id, author="bob")
    moves = [(m.kind, m.name, m.old, m.new, m.author) for m in list_moves(vs, "data")]
    assert moves == [
        ("tag", "v2", None, second.id, "bob"),
        ("branch", "main", second.id, first.id, "bob"),
        ("branch", "main", first.id, second.id, "ann"),
        ("branch", "main", None, first.id, "ann"),
        ("branch", "main", None, None, "ann"),
    ]
    assert len(list_moves(vs, "data", "v2")) == 1


def test_heads_that_move_are_announced(vs: VersionedStore) -> None:
    first = commit_files(vs, {"a": b"1"})
    second = commit_files(vs, {"a": b"2"})
    move_branch(vs, "data", "main", first.id, author="ann")
    move_branch(vs, "data", "main", first.id, author="ann")
    with vs.db.write() as conn:
        events = [event.payload for event in outbox.claim(conn, "me", 60)]
    assert [event["commit"] for event in events] == [first.id, second.id, first.id]
    assert len({event["run_id"] for event in events}) == 3


def test_tags_do_not_move(vs: VersionedStore) -> None:
    first = commit_files(vs, {"a": b"1"})
    create_tag(vs, "data", "v1", "main", author="ann")
    commit_files(vs, {"a": b"2"})
    with pytest.raises(AlreadyExists):
        create_tag(vs, "data", "v1", "main", author="ann")
    assert [(tag.name, tag.commit) for tag in list_tags(vs, "data")] == [("v1", first.id)]
    delete_tag(vs, "data", "v1", author="ann")
    assert list_tags(vs, "data") == []
    with pytest.raises(NotFound):
        delete_tag(vs, "data", "v1", author="ann")
