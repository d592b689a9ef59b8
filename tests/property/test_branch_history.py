"""Branches, commits and the ref log against a plain model, in any order of operations."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from datavc.db import branches, commits, ref_log, repos, staging
from datavc.db.session import Database
from datavc.errors import AlreadyExists
from datavc.model.change_set import StagedRecord
from datavc.model.commit import Commit, Provenance, TreeRef
from datavc.model.entry import Location
from datavc.model.ids import digest_of

NAMES = st.sampled_from(["main", "dev", "a/b"])


class BranchHistory(RuleBasedStateMachine):
    """Each rule does the same to the database and to dictionaries, and compares the outcome."""

    made: Bundle[str] = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database.open(f"sqlite:///{Path(self.folder.name) / 'datavc.db'}")
        with self.database.write() as conn:
            self.repo_id = repos.create(
                conn, "data", description="", default_branch="main", time_us=0
            ).id
        self.clock = 0
        self.heads: dict[str, str | None] = {}
        self.log: list[tuple[str, str | None, str | None]] = []
        self.parents: dict[str, tuple[str, ...]] = {}
        self.upstream: dict[str, tuple[str, ...]] = {}
        self.staged: dict[str, list[int]] = {}

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    def make(self, parents: tuple[str, ...], upstream: tuple[str, ...]) -> str:
        self.clock += 1
        tree = TreeRef(digest_of(str(self.clock).encode()), None, 0, 0)
        commit = Commit(
            "data", tree, parents, "ann", "", self.clock, Provenance(upstream), "0" * 32
        )
        with self.database.write() as conn:
            assert commits.create(conn, self.repo_id, commit)
        self.parents[commit.id] = parents
        self.upstream[commit.id] = upstream
        return commit.id

    @initialize(target=made)
    def first(self) -> str:
        return self.make((), ())

    @rule(target=made, parents=st.lists(made, unique=True, max_size=3), upstream=made)
    def commit(self, parents: list[str], upstream: str) -> str:
        return self.make(tuple(parents), (upstream,))

    @rule(commit_id=made)
    def commit_again(self, commit_id: str) -> None:
        with self.database.write() as conn:
            commit = commits.find(conn, commit_id)
            assert commit is not None
            assert not commits.create(conn, self.repo_id, commit)

    @rule(name=NAMES, head=st.none() | made)
    def create_branch(self, name: str, head: str | None) -> None:
        try:
            with self.database.write() as conn:
                branches.create(conn, self.repo_id, name, head, author="a", reason="r", time_us=1)
        except AlreadyExists:
            assert name in self.heads
        else:
            assert name not in self.heads
            self.heads[name] = head
            self.staged[name] = []
            self.log.append((name, None, head))

    @rule(name=NAMES, old=st.none() | made, new=st.none() | made)
    def move_from_anywhere(self, name: str, old: str | None, new: str | None) -> None:
        self.move(name, old, new)

    @rule(name=NAMES, new=made)
    def move_from_the_head(self, name: str, new: str) -> None:
        self.move(name, self.heads.get(name), new)

    def move(self, name: str, old: str | None, new: str | None) -> None:
        with self.database.write() as conn:
            moved = branches.move(
                conn, self.repo_id, name, old, new, author="a", reason="r", time_us=1
            )
        assert moved == (name in self.heads and self.heads[name] == old)
        if moved:
            self.heads[name] = new
            self.log.append((name, old, new))

    @rule(name=NAMES)
    def remove_branch(self, name: str) -> None:
        with self.database.write() as conn:
            removed = branches.remove(conn, self.repo_id, name, author="a", reason="r", time_us=1)
        assert removed == (name in self.heads)
        if removed:
            self.log.append((name, self.heads.pop(name), None))
            del self.staged[name]

    @rule(name=NAMES)
    def stage(self, name: str) -> None:
        if name not in self.heads:
            return
        record = StagedRecord(b"d" * 32, Location(b"p" * 16, 0, 1), 1, 0, 1)
        with self.database.write() as conn:
            change = staging.add(conn, self.repo_id, name, record, author="a", time_us=1)
        self.staged[name].append(change.id)

    @rule(name=NAMES, count=st.integers(0, 3))
    def unstage_the_oldest(self, name: str, count: int) -> None:
        gone = self.staged.get(name, [])[:count]
        with self.database.write() as conn:
            assert staging.remove(conn, gone) == len(gone)
        del self.staged.get(name, [])[:count]

    @rule(start=made, steps=st.integers(0, 4))
    def walk_back(self, start: str, steps: int) -> None:
        line = [start]
        while self.parents[line[-1]]:
            line.append(self.parents[line[-1]][0])
        with self.database.read() as conn:
            assert [info.id for info in commits.log(conn, start)] == line
            expected = line[steps] if steps < len(line) else None
            assert commits.nth_ancestor(conn, start, steps) == expected

    @rule(commit_id=made)
    def look_up(self, commit_id: str) -> None:
        with self.database.read() as conn:
            (info,) = commits.infos(conn, [commit_id])
            assert commits.by_prefix(conn, commit_id[:12]) == [commit_id]
        assert info.parents == self.parents[commit_id]
        assert info.upstream == self.upstream[commit_id]

    @invariant()
    def the_branches_are_those_of_the_model(self) -> None:
        with self.database.read() as conn:
            found = {info.name: info.head for info in branches.list_branches(conn, self.repo_id)}
            log = [move for _, move in ref_log.list_moves(conn, self.repo_id, limit=10_000)]
            staged = {
                name: [row.change.id for row in staging.list_staged(conn, self.repo_id, name)]
                for name in self.heads
            }
        assert found == self.heads
        assert [(move.name, move.old, move.new) for move in log[::-1]] == self.log
        assert staged == self.staged


TestBranchHistory = BranchHistory.TestCase
TestBranchHistory.settings = settings(
    max_examples=int(os.environ.get("EXAMPLES", "25")),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
