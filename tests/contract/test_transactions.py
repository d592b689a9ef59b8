"""Commits of several branches at once, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from datavc.errors import InvalidInput, NothingStaged, Protected
from datavc.versioning import branches, protections, repos, staging
from datavc.versioning.history import log
from datavc.versioning.transactions import commit_together
from datavc.versioning.versioned_store import VersionedStore
from tests.services.small_store import commit_files, read_files, store_changes

BOTH = [("two", "main"), ("one", "main")]


@pytest.fixture
def vs(empty_store: VersionedStore) -> VersionedStore:
    for name in ("one", "two"):
        repos.create_repo(empty_store, name, author="ann")
    return empty_store


def put(vs: VersionedStore, repo: str, files: dict[str, bytes | None]) -> None:
    staging.stage(vs, repo, "main", store_changes(vs, files), author="ann")


def test_all_land_or_none(vs: VersionedStore) -> None:
    put(vs, "one", {"a": b"1"})
    with pytest.raises(NothingStaged, match="two"):
        commit_together(vs, BOTH, message="m", author="ann")
    assert branches.get_branch(vs, "one", "main").head is None
    put(vs, "two", {"b": b"1"})
    made = commit_together(vs, BOTH, message="m", author="ann")
    assert [commit.repo for commit in made] == ["two", "one"]
    assert read_files(vs, repo="one") == {"a": b"1"}
    assert read_files(vs, repo="two") == {"b": b"1"}
    assert staging.list_staged(vs, "one", "main") == []
    put(vs, "one", {"a": b"2"})
    put(vs, "two", {"b": b"2"})
    protections.protect(vs, "two", "main", author="ann")
    with pytest.raises(Protected):
        commit_together(vs, BOTH, message="m", author="ann")
    assert read_files(vs, repo="one") == {"a": b"1"}
    assert len(staging.list_staged(vs, "one", "main")) == 1
    for targets in ([], [BOTH[0], BOTH[0]]):
        with pytest.raises(InvalidInput, match="once"):
            commit_together(vs, targets, message="m", author="ann")


def test_writers_of_one_and_of_both_at_once(vs: VersionedStore) -> None:
    """Nobody waits for ever, and both repos hold the same transactions."""
    barrier = threading.Barrier(6)

    def write(number: int) -> None:
        barrier.wait()
        for step in range(5):
            path = f"{number}/{step}"
            if number % 3 == 2:
                commit_files(vs, {path: b"x"}, repo="one")
                continue
            order = BOTH if number % 2 else BOTH[::-1]
            for repo, _ in order:
                put(vs, repo, {f"both/{path}": b"x"})
            # Another one's commit may have taken it up.
            commit_together(vs, order, message=path, author="ann", allow_empty=True)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    commit_together(vs, BOTH, message="rest", author="ann", allow_empty=True)
    one, two = read_files(vs, repo="one"), read_files(vs, repo="two")
    assert {path for path in one if path.startswith("both/")} == set(two)
    assert len(two) == 20
    assert len(one) == 30
    messages = [
        [commit.message for commit in log(vs, repo, "main") if commit.message != "put"]
        for repo in ("one", "two")
    ]
    assert messages[0] == messages[1]
