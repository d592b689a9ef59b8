"""Repos, branches, puts, commits, tags and moves against a plain model, through the real thing."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from datavc.errors import NothingStaged, PathConflict
from datavc.testing.strategies import paths
from datavc.versioning.branches import create_branch, delete_branch, list_branches, move_branch
from datavc.versioning.commits import commit_staged
from datavc.versioning.history import log
from datavc.versioning.repos import create_repo
from datavc.versioning.resolve import get_commit
from datavc.versioning.staging import stage
from datavc.versioning.tags import create_tag, list_tags
from datavc.versioning.versioned_store import open_versioned_store
from tests.services.small_store import commit_files, read_files, store_changes

changes = st.dictionaries(paths, st.one_of(st.none(), st.binary(max_size=20)), max_size=5)

Files = dict[str, bytes]


def collides(files: Files) -> bool:
    return any(
        path[:index] in files for path in files for index, char in enumerate(path) if char == "/"
    )


def applied(files: Files, changed: dict[str, bytes | None]) -> Files:
    merged = {path: data for path, data in files.items() if path not in changed}
    return merged | {path: data for path, data in changed.items() if data is not None}


class GraphMachine(RuleBasedStateMachine):
    """One repo; the model keeps every commit's files and parent in plain dicts."""

    branch_names = Bundle("branch_names")
    commit_ids = Bundle("commit_ids")

    @initialize(target=branch_names)
    def start(self) -> str:
        self.home = Path(tempfile.mkdtemp(prefix="datavc-graph-"))
        self.vs = open_versioned_store(self.home)
        create_repo(self.vs, "data", author="ann")
        self.heads: dict[str, str | None] = {"main": None}
        self.staged: dict[str, dict[str, bytes | None]] = {"main": {}}
        self.commits: dict[str, tuple[Files, str | None]] = {}
        self.tags: dict[str, str] = {}
        return "main"

    def teardown(self) -> None:
        if hasattr(self, "vs"):
            self.vs.close()
            shutil.rmtree(self.home)

    def files_at(self, branch: str) -> Files:
        head = self.heads[branch]
        return {} if head is None else self.commits[head][0]

    @rule(branch=branch_names, changed=changes)
    def put(self, branch: str, changed: dict[str, bytes | None]) -> None:
        record = store_changes(self.vs, changed)
        pending = self.staged[branch] | changed
        if collides(applied(self.files_at(branch), pending)):
            with pytest.raises(PathConflict):
                stage(self.vs, "data", branch, record, author="ann")
        else:
            stage(self.vs, "data", branch, record, author="ann")
            self.staged[branch] = pending

    @rule(target=commit_ids, branch=branch_names)
    def commit(self, branch: str) -> str:
        base, pending = self.files_at(branch), self.staged[branch]
        after = applied(base, pending)
        if collides(after):
            with pytest.raises(PathConflict):
                commit_staged(self.vs, "data", branch, message="m", author="ann")
        elif after == base:
            with pytest.raises(NothingStaged):
                commit_staged(self.vs, "data", branch, message="m", author="ann")
        else:
            made = commit_staged(self.vs, "data", branch, message="m", author="ann").id
            self.landed(branch, made, after)
            self.staged[branch] = {}
            return made
        return self.heads[branch] or ""

    @rule(target=commit_ids, branch=branch_names, changed=changes)
    def commit_at_once(self, branch: str, changed: dict[str, bytes | None]) -> str:
        base = self.files_at(branch)
        after = applied(base, changed)
        if collides(after):
            with pytest.raises(PathConflict):
                commit_files(self.vs, changed, branch=branch)
        elif after == base:
            with pytest.raises(NothingStaged):
                commit_files(self.vs, changed, branch=branch)
        else:
            made = commit_files(self.vs, changed, branch=branch).id
            self.landed(branch, made, after)
            return made
        return self.heads[branch] or ""

    def landed(self, branch: str, commit: str, files: Files) -> None:
        self.commits[commit] = (files, self.heads[branch])
        self.heads[branch] = commit

    @rule(target=branch_names, start=branch_names, number=st.integers(0, 10**9))
    def branch(self, start: str, number: int) -> str:
        name = f"b{number}"
        if name in self.heads:
            return "main"
        head = self.heads[start]
        create_branch(self.vs, "data", name, author="ann", start=None if head is None else start)
        self.heads[name] = head
        self.staged[name] = {}
        return name

    @rule(branch=branch_names, commit=commit_ids)
    def move(self, branch: str, commit: str) -> None:
        if commit:
            move_branch(self.vs, "data", branch, commit, author="ann")
            self.heads[branch] = commit

    @rule(commit=commit_ids, number=st.integers(0, 10**9))
    def tag(self, commit: str, number: int) -> None:
        if commit and f"t{number}" not in self.tags:
            create_tag(self.vs, "data", f"t{number}", commit, author="ann")
            self.tags[f"t{number}"] = commit

    @rule(target=branch_names, branch=consumes(branch_names))
    def delete(self, branch: str) -> str:
        if branch != "main":
            delete_branch(self.vs, "data", branch, author="ann")
            del self.heads[branch], self.staged[branch]
        return "main"

    @invariant()
    def refs_stand_where_the_model_says(self) -> None:
        if hasattr(self, "vs"):
            found = {branch.name: branch.head for branch in list_branches(self.vs, "data")}
            assert found == self.heads
            assert {tag.name: tag.commit for tag in list_tags(self.vs, "data")} == self.tags

    @rule(commit=commit_ids)
    def every_commit_reads_as_it_was_made(self, commit: str) -> None:
        if commit:
            files, parent = self.commits[commit]
            assert read_files(self.vs, commit) == files
            info = get_commit(self.vs, "data", commit)
            assert (info.files, info.bytes) == (len(files), sum(map(len, files.values())))
            line = [one.id for one in log(self.vs, "data", commit)]
            expected = [commit]
            while parent is not None:
                expected.append(parent)
                parent = self.commits[parent][1]
            assert line == expected


GraphMachine.TestCase.settings = settings(
    max_examples=int(os.environ.get("EXAMPLES", "15")), stateful_step_count=25, deadline=None
)
TestGraph = GraphMachine.TestCase
