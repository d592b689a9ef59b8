"""Ref syntax, undo, filtered logs and protection on both databases."""

from __future__ import annotations

import random
import threading
from itertools import pairwise

import pytest

from datavc.errors import Conflict, InvalidInput, NotFound, Protected
from datavc.model.log_filter import LogFilter
from datavc.versioning import branches, commits, protections, repos, resolve, tags
from datavc.versioning.filtered_log import filtered_log
from datavc.versioning.history import log
from datavc.versioning.merges import merge, revert
from datavc.versioning.undo import undo
from datavc.versioning.versioned_store import VersionedStore
from tests.services.small_store import commit_files, read_files, store_changes


@pytest.fixture
def vs(empty_store: VersionedStore) -> VersionedStore:
    repos.create_repo(empty_store, "data", author="ann")
    return empty_store


def at(vs: VersionedStore, ref: str) -> str:
    return resolve.get_commit(vs, "data", ref).id


def test_ways_from_a_name_to_a_commit(vs: VersionedStore) -> None:
    one = commit_files(vs, {"a": b"1"}).id
    branches.create_branch(vs, "data", "side", start="main", author="ann")
    two = commit_files(vs, {"a": b"2"}).id
    aside = commit_files(vs, {"b": b"1"}, branch="side").id
    merge(vs, "data", "side", "main", author="ann")
    assert at(vs, "main^2") == aside
    assert at(vs, "main^") == at(vs, "main~1") == two
    assert at(vs, "main^2~1") == at(vs, "main~2") == at(vs, "main^^") == one
    assert at(vs, "main@{0}") == at(vs, "main")
    assert at(vs, "main@{1}") == two
    assert at(vs, "main@{2}") == one
    assert at(vs, "main@{1}~1") == one
    assert at(vs, "main@{now}") == at(vs, "main")
    for gone in ("main^3", "main~9", "main@{9}", "main@{2001-01-01}", "nothing@{1}"):
        with pytest.raises(NotFound):
            at(vs, gone)
    with pytest.raises(InvalidInput):
        at(vs, "main@{soon}")
    branches.delete_branch(vs, "data", "side", author="ann")
    assert at(vs, "side@{1}") == aside


def test_undo_goes_back_move_by_move(vs: VersionedStore) -> None:
    one = commit_files(vs, {"a": b"1"}).id
    two = commit_files(vs, {"a": b"2"}).id
    three = commit_files(vs, {"a": b"3"}).id
    assert undo(vs, "data", "main", author="bob").new == two
    assert undo(vs, "data", "main", author="bob").new == one
    assert read_files(vs) == {"a": b"1"}
    branches.move_branch(vs, "data", "main", three, author="ann")
    done = undo(vs, "data", "main", author="bob")
    assert (done.old, done.new, done.reason) == (three, one, f"branch moved to {three}")
    assert undo(vs, "data", "main", author="bob").new is None
    assert branches.get_branch(vs, "data", "main").head is None
    with pytest.raises(Conflict, match="as it was created"):
        undo(vs, "data", "main", author="bob")
    assert branches.list_moves(vs, "data", "main")[0].reason == "undo: commit"


def test_what_was_deleted_comes_back(vs: VersionedStore) -> None:
    one = commit_files(vs, {"a": b"1"}).id
    branches.create_branch(vs, "data", "side", start="main", author="ann")
    two = commit_files(vs, {"a": b"2"}, branch="side").id
    tags.create_tag(vs, "data", "v1", one, author="ann")
    branches.delete_branch(vs, "data", "side", author="ann")
    tags.delete_tag(vs, "data", "v1", author="ann")
    assert undo(vs, "data", "side", author="bob").new == two
    assert undo(vs, "data", "v1", author="bob").new == one
    assert (at(vs, "side"), at(vs, "v1")) == (two, one)
    assert undo(vs, "data", "v1", author="bob").new is None
    assert tags.list_tags(vs, "data") == []
    with pytest.raises(Conflict, match="nothing left"):
        undo(vs, "data", "v1", author="bob")
    with pytest.raises(NotFound, match="never had"):
        undo(vs, "data", "v2", author="bob")


def test_the_log_of_a_path(vs: VersionedStore) -> None:
    """Against telling it from what the files were, commit by commit."""
    rand = random.Random(7)
    paths = ["a", "d/x", "d/y", "d/e/z", "dd", "f.csv"]
    files: dict[str, bytes] = {}
    history: list[tuple[str, dict[str, bytes]]] = []
    for number in range(40):
        change: dict[str, bytes | None] = {}
        for path in rand.sample(paths, rand.randint(1, 2)):
            gone = path in files and rand.random() < 0.3
            change[path] = None if gone else f"{number}".encode()
        for path, content in change.items():
            if content is None:
                del files[path]
            else:
                files[path] = content
        history.append((commit_files(vs, change).id, dict(files)))
    wanted = {
        "a": ["a"],
        "d": ["d/x", "d/y", "d/e/z"],
        "d/e/": ["d/e/z"],
        "*.csv": ["f.csv"],
        "d/*": ["d/x", "d/y"],
    }
    for path, covered in wanted.items():
        expected = [
            commit
            for (commit, after), (_, before) in zip(
                reversed(history), [*reversed(history[:-1]), ("", {})], strict=True
            )
            if any(after.get(one) != before.get(one) for one in covered)
        ]
        found = filtered_log(vs, "data", "main", LogFilter(path=path))
        assert [commit.id for commit in found] == expected, path


def test_other_filters(vs: VersionedStore) -> None:
    one = commit_files(vs, {"a": b"1"}, message="first import")
    branches.create_branch(vs, "data", "side", start="main", author="ann")
    two = commit_files(vs, {"a": b"2"}, branch="side", message="Fixed labels")
    three = commit_files(vs, {"a": b"3"}, branch="side", message="more")

    def found(limit: int | None = None, **wanted: str) -> list[str]:
        items = filtered_log(vs, "data", "side", LogFilter(**wanted), limit)
        return [commit.id for commit in items]

    assert found(without="main") == [three.id, two.id]
    assert found(without="main", limit=1) == [three.id]
    assert found(text="fixed") == [two.id]
    assert found(author="ANN") == [three.id, two.id, one.id]
    assert found(author="bob") == []
    assert found(since="1 hour ago") == [three.id, two.id, one.id]
    assert found(until="1 hour ago") == found(since="2100-01-01") == []
    assert [commit.id for commit in log(vs, "data", "side")] == [three.id, two.id, one.id]


def test_protected_branches_take_merges_only(vs: VersionedStore) -> None:
    one = commit_files(vs, {"a": b"1"})
    branches.create_branch(vs, "data", "side", start="main", author="ann")
    commit_files(vs, {"b": b"1"}, branch="side")
    protections.protect(vs, "data", "ma*", author="ann")
    record = store_changes(vs, {"c": b"1"})
    attempts = (
        lambda: commits.commit_changes(vs, "data", "main", record, message="", author="ann"),
        lambda: commits.commit_staged(
            vs, "data", "main", message="", author="ann", allow_empty=True
        ),
        lambda: branches.move_branch(vs, "data", "main", "side", author="ann"),
        lambda: undo(vs, "data", "main", author="ann"),
        lambda: revert(vs, "data", "main", "main", author="ann"),
    )
    for attempt in attempts:
        with pytest.raises(Protected):
            attempt()
    assert at(vs, "main") == one.id
    commit_files(vs, {"c": b"1"}, branch="side")
    merge(vs, "data", "side", "main", author="ann")
    assert read_files(vs) == {"a": b"1", "b": b"1", "c": b"1"}
    protections.protect(vs, "data", "ma*", author="ann", allow_commits=True)
    commit_files(vs, {"d": b"1"})
    with pytest.raises(Protected):
        undo(vs, "data", "main", author="ann")
    assert [rule.pattern for rule in protections.list_protections(vs, "data")] == ["ma*"]
    protections.unprotect(vs, "data", "ma*")
    undo(vs, "data", "main", author="ann")
    with pytest.raises(NotFound):
        protections.unprotect(vs, "data", "ma*")


def test_undo_and_commits_at_once(vs: VersionedStore) -> None:
    """Whoever loses is told; the ref log accounts for every move."""
    commit_files(vs, {"a": b"0"})
    refused: list[Conflict] = []

    def take_back() -> None:
        for _ in range(10):
            try:
                undo(vs, "data", "main", author="bob")
            except Conflict as error:
                refused.append(error)

    thread = threading.Thread(target=take_back)
    thread.start()
    for number in range(10):
        commit_files(vs, {"a": f"later {number}".encode()})
    thread.join()
    moves = branches.list_moves(vs, "data", "main", 100)[:-1]
    assert len(moves) == 21 - len(refused)
    for later, earlier in pairwise(moves):
        assert later.old == earlier.new
