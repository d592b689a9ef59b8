"""Lists of the S3 gateway against a plain list of keys."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datavc.errors import PathConflict
from datavc.versioning import branches, repos, staging
from datavc.versioning.branch_trees import BranchTrees
from datavc.versioning.session_outputs import SessionTrees
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server.s3.gateway import Gateway
from datavc_server.s3.listing import Question, list_page
from tests.services.small_store import commit_files, store_changes

_BRANCHES = ("main", "a", "a-b", "a/b", "a/b/c")
_PATHS = st.lists(
    st.text(st.sampled_from("ab-.é"), min_size=1, max_size=2).filter(
        lambda part: part != "." * len(part)
    ),
    min_size=1,
    max_size=3,
).map("/".join)
_FILES = st.dictionaries(_PATHS, st.sampled_from([b"x", None]), max_size=6)

_numbers = itertools.count()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with open_versioned_store(tmp_path_factory.mktemp("home")) as vs:
        yield Gateway(vs, BranchTrees(vs), SessionTrees(vs), False, 0)


def fill(
    vs: VersionedStore, repo: str, branch: str, steps: list[dict[str, bytes | None]]
) -> set[str]:
    """Put files on a branch, the first step committed and the others staged; its paths."""
    paths: set[str] = set()
    for number, files in enumerate(steps):
        if not files:
            continue
        try:
            if number == 0:
                put = {path: data for path, data in files.items() if data is not None}
                if put:
                    commit_files(vs, put, repo=repo, branch=branch)
            else:
                staging.stage(vs, repo, branch, store_changes(vs, files), author="ann")
        except PathConflict:
            continue
        paths |= {path for path, data in files.items() if data is not None}
        if number:
            paths -= {path for path, data in files.items() if data is None}
    return paths


def visible(branch_paths: dict[str, set[str]]) -> list[str]:
    """All keys in order; a key belongs to the longest branch that it starts with."""
    found = set()
    for branch, paths in branch_paths.items():
        for path in paths:
            key = f"{branch}/{path}"
            owner = max((one for one in branch_paths if key.startswith(f"{one}/")), key=len)
            if owner == branch:
                found.add(key)
    return sorted(found)


def expected(
    keys: list[str], roots: list[str], prefix: str, delimiter: str, after: str
) -> list[str]:
    """The items of a listing: keys and common prefixes, which hold their delimiter."""
    items = set()
    for key in [*keys, *(roots if delimiter == "/" else [])]:
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        if not key.startswith(prefix) or key <= after:
            continue
        if end >= 0:
            items.add(key[: end + len(delimiter)])
        elif key in keys:
            items.add(key)
    return sorted(items)


@settings(max_examples=60)
@given(
    branch_steps=st.dictionaries(
        st.sampled_from(_BRANCHES), st.lists(_FILES, min_size=1, max_size=3), max_size=4
    ),
    questions=st.lists(
        st.tuples(
            st.sampled_from(["", "a", "a/", "a/b", "a/b/", "main/", "main/a", "a-", "a-b/", "x"]),
            st.sampled_from(["", "/", "-", "b", "/a"]),
            st.integers(1, 5),
            st.sampled_from(["", "a", "a/a", "a/b", "main", "main/a/b"]),
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_pages_are_what_the_plain_list_says(
    gateway: Gateway,
    branch_steps: dict[str, list[dict[str, bytes | None]]],
    questions: list[tuple[str, str, int, str]],
) -> None:
    vs = gateway.vs
    repo = f"repo-{next(_numbers)}"
    repos.create_repo(vs, repo, author="ann")
    names = {"main", *branch_steps}
    for name in names - {"main"}:
        branches.create_branch(vs, repo, name, author="ann")
    paths = {name: fill(vs, repo, name, branch_steps.get(name, [])) for name in names}
    keys = visible(paths)
    roots = [f"{name}/" for name in names]
    for prefix, delimiter, limit, start in questions:
        found: list[str] = []
        after, is_prefix = start, False
        while True:
            page = list_page(gateway, repo, Question(prefix, delimiter, after, is_prefix, limit))
            items = sorted([*page.prefixes, *(one.key for one in page.keys)])
            assert len(items) <= limit
            found += items
            if page.last is None:
                break
            assert len(items) == limit
            assert page.last == items[-1]
            after, is_prefix = page.last, page.last_is_prefix
        assert found == expected(keys, roots, prefix, delimiter, start)
