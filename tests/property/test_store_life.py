"""Commits, merges, undos, collections and purges in any order, against plain dictionaries."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from datavc.db import outbox
from datavc.errors import Conflict, NotFound, NothingStaged, Purged
from datavc.model.ids import digest_of
from datavc.model.merge_decisions import Decisions
from datavc.model.merge_info import MergeOutcome
from datavc.model.tree.clash import MergeStrategy
from datavc.model.tree.scan import scan
from datavc.store.content import read_content
from datavc.versioning import branches, purge, repos
from datavc.versioning.fsck import check_store
from datavc.versioning.gc import collect_garbage
from datavc.versioning.merge_base import merge_base
from datavc.versioning.merges import merge
from datavc.versioning.resolve import get_tree
from datavc.versioning.undo import undo
from datavc.versioning.versioned_store import open_versioned_store
from tests.services.all_marks import marked
from tests.services.small_store import commit_files

Files = dict[str, bytes]

#: Small ones, and large ones that share pieces.
_SHARED = random.Random(1).randbytes(300_000)
CONTENTS = [b"", b"small", b"other", *(_SHARED + bytes([n]) * 100_000 for n in range(3))]
REPOS = st.sampled_from(["one", "two"])
BRANCHES = st.sampled_from(["main", "side"])
PATHS = st.sampled_from(["a", "b", "d/x", "d/y"])
CHOSEN = st.sampled_from(range(len(CONTENTS)))

THEIRS = Decisions(MergeStrategy.THEIRS)


class StoreLife(RuleBasedStateMachine):
    """The model knows each commit's files, where branches stand, and what was purged."""

    @initialize()
    def start(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="datavc-life-"))
        self.vs = open_versioned_store(self.home)
        for name in ("one", "two"):
            repos.create_repo(self.vs, name, author="ann")
        self.heads: dict[tuple[str, str], str | None] = {
            ("one", "main"): None,
            ("two", "main"): None,
        }
        self.moves: dict[tuple[str, str], list[str | None]] = {key: [] for key in self.heads}
        self.files: dict[str | None, Files] = {None: {}}
        self.purged: set[bytes] = set()

    def teardown(self) -> None:
        if hasattr(self, "vs"):
            self.vs.close()
            shutil.rmtree(self.home)

    def stand(self, key: tuple[str, str], commit: str, files: Files) -> None:
        self.moves[key].append(self.heads[key])
        self.heads[key] = commit
        self.files[commit] = files

    @rule(repo=REPOS, branch=BRANCHES, path=PATHS, chosen=CHOSEN)
    def commit(self, repo: str, branch: str, path: str, chosen: int) -> None:
        key = (repo, branch)
        content = CONTENTS[chosen]
        if key not in self.heads or content in self.purged:
            return
        before = self.files[self.heads[key]]
        try:
            made = commit_files(self.vs, {path: content}, repo=repo, branch=branch)
        except NothingStaged:
            assert before.get(path) == content
            return
        self.stand(key, made.id, before | {path: content})

    @rule(repo=REPOS, branch=BRANCHES, path=PATHS)
    def remove(self, repo: str, branch: str, path: str) -> None:
        key = (repo, branch)
        if key not in self.heads or path not in self.files[self.heads[key]]:
            return
        made = commit_files(self.vs, {path: None}, repo=repo, branch=branch)
        left = {one: data for one, data in self.files[self.heads[key]].items() if one != path}
        self.stand(key, made.id, left)

    @rule(repo=REPOS)
    def branch(self, repo: str) -> None:
        head = self.heads[repo, "main"]
        if (repo, "side") not in self.heads and head is not None:
            branches.create_branch(self.vs, repo, "side", start="main", author="ann")
            self.heads[repo, "side"] = head
            self.moves[repo, "side"] = []

    @rule(repo=REPOS)
    def drop_branch(self, repo: str) -> None:
        if (repo, "side") in self.heads:
            branches.delete_branch(self.vs, repo, "side", author="ann")
            del self.heads[repo, "side"]

    @rule(repo=REPOS)
    def merge(self, repo: str) -> None:
        ours, theirs = self.heads[repo, "main"], self.heads.get((repo, "side"))
        if ours is None or theirs is None:
            return
        with self.vs.db.read() as conn:
            parted = self.files[merge_base(conn, ours, theirs)]
        done = merge(self.vs, repo, "side", "main", author="ann", decisions=THEIRS)
        if done.outcome is MergeOutcome.UP_TO_DATE:
            return
        mine, other = self.files[ours], self.files[theirs]
        merged = {
            path: data
            for path in {*parted, *mine, *other}
            if (data := (mine if other.get(path) == parted.get(path) else other).get(path))
            is not None
        }
        head = branches.get_branch(self.vs, repo, "main").head
        assert head is not None
        self.stand((repo, "main"), head, merged)

    @rule(repo=REPOS)
    def undo(self, repo: str) -> None:
        key = (repo, "main")
        try:
            done = undo(self.vs, repo, "main", author="ann")
        except Conflict:
            assert not self.moves[key]
            return
        assert done.new == self.moves[key].pop()
        self.heads[key] = done.new

    @rule()
    def collect(self) -> None:
        with self.vs.db.write() as conn:
            events = outbox.claim(conn, "nobody", 60)
            outbox.ack(conn, "nobody", [event.id for event in events])
        collect_garbage(self.vs, grace_s=-1, dead_bytes=1000)
        # What was remembered, and followed through all that happened since.
        assert marked(self.vs) == marked(self.vs, anew=True)

    @rule(chosen=CHOSEN)
    def purge(self, chosen: int) -> None:
        content = CONTENTS[chosen]
        if not content:
            return
        try:
            purge.purge(self.vs, {digest_of(content)}, subject="x", author="ann")
        except NotFound:
            assert all(content not in self.files[head].values() for head in self.heads.values())
            return
        self.purged.add(content)

    @invariant()
    def every_branch_holds_what_the_model_does(self) -> None:
        if not hasattr(self, "vs"):
            return
        for (repo, branch), head in self.heads.items():
            tree = get_tree(self.vs, repo, branch)
            entries = dict(scan(tree, self.vs.nodes))
            assert set(entries) == set(self.files[head])
            for path, content in self.files[head].items():
                try:
                    data = b"".join(read_content(self.vs.objects, entries[path]))
                except Purged:
                    assert content in self.purged
                else:
                    assert data == content
                    # Of a purged content only what others share may be left, never all of it.
                    assert content not in self.purged

    @rule()
    def check(self) -> None:
        assert check_store(self.vs, deep=True).problems == ()


TestStoreLife = StoreLife.TestCase
TestStoreLife.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
