"""All that people do to repos and branches, in any order, against plain dictionaries.

``make model EXAMPLES=...`` tries as many lives, and other ones each time.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from datavc.db import outbox
from datavc.errors import Conflict, Expired, NotFound, NothingStaged, Protected, Purged
from datavc.model.change_set import merge_change_sets, read_change_set
from datavc.model.entry import Entry
from datavc.model.ids import digest_of
from datavc.model.merge_decisions import Decisions
from datavc.model.merge_info import MergeInfo, MergeOutcome
from datavc.model.tree.clash import MergeStrategy
from datavc.model.tree.scan import scan
from datavc.store.content import read_content
from datavc.versioning import branches, history, merges, protections, purge, repos, staging
from datavc.versioning.commits import commit_staged
from datavc.versioning.fsck import check_store
from datavc.versioning.gc import UNREACHABLE_KEEP_S, collect_garbage
from datavc.versioning.merge_base import merge_base
from datavc.versioning.reset import reset_staging
from datavc.versioning.resolve import get_tree
from datavc.versioning.transactions import commit_together
from datavc.versioning.undo import undo
from datavc.versioning.versioned_store import open_versioned_store
from tests.property.plain_model import Files, Key, PlainModel, combine, with_changes
from tests.services.all_marks import marked
from tests.services.small_store import commit_files, store_changes

#: Small ones, and large ones that share pieces.
_SHARED = random.Random(1).randbytes(300_000)
CONTENTS = [
    b"",
    b"small",
    b"other",
    *(_SHARED + random.Random(n).randbytes(200_000) for n in range(3)),
]
REPOS = st.sampled_from(["one", "two"])
BRANCHES = st.sampled_from(["main", "side"])
KEYS = st.tuples(REPOS, BRANCHES)
PATHS = st.sampled_from(["a", "b", "d/x", "d/y"])
CHOSEN = st.sampled_from(range(len(CONTENTS)))
#: A content, or that a file is removed.
CHANGES = st.dictionaries(PATHS, st.none() | CHOSEN, min_size=1, max_size=2)
STRATEGIES = st.sampled_from([None, MergeStrategy.OURS, MergeStrategy.THEIRS])
#: How far back from a branch's head.
BACK = st.integers(0, 2)


class StoreLife(RuleBasedStateMachine):
    """Each rule does the same to the store and to the model, and compares the outcome."""

    @initialize()
    def start(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="datavc-life-"))
        self.vs = open_versioned_store(self.home)
        self.model = PlainModel()
        #: Contents that are no more than garbage.
        self.made = 0
        for name in ("one", "two"):
            repos.create_repo(self.vs, name, author="ann")
            self.model.add_branch((name, "main"), None)
        # From the first step on there is something to merge, to pick and to give up.
        self.commit(("one", "main"), {"a": 1, "d/x": 3})
        self.branch("one")
        self.commit(("one", "side"), {"b": 5, "d/x": 4})
        self.commit(("one", "main"), {"a": 2})
        self.commit(("two", "main"), {"d/y": 5, "a": 0})
        self.branch("two")

    def teardown(self) -> None:
        if hasattr(self, "vs"):
            self.vs.close()
            shutil.rmtree(self.home)

    def lacks_a_side(self) -> bool:
        """Whether some repo has no second branch."""
        return hasattr(self, "model") and len(self.model.heads) < 4

    def contents(self, chosen: dict[str, int | None]) -> dict[str, bytes | None] | None:
        """The contents that were chosen, unless one of them is not to be seen again."""
        found = {path: None if one is None else CONTENTS[one] for path, one in chosen.items()}
        return None if self.model.purged & set(found.values()) else found

    @rule(key=KEYS, chosen=CHANGES)
    def commit_more(self, key: Key, chosen: dict[str, int | None]) -> None:
        self.commit(key, chosen)

    @rule(key=KEYS, chosen=CHANGES)
    def commit(self, key: Key, chosen: dict[str, int | None]) -> None:
        changes = self.contents(chosen)
        if key not in self.model.heads or changes is None:
            return
        after = with_changes(self.model.at(key), changes)
        try:
            made = commit_files(self.vs, changes, repo=key[0], branch=key[1])
        except NothingStaged:
            assert after == self.model.at(key)
        except Protected:
            assert not self.model.may_commit(key)
        else:
            assert self.model.may_commit(key)
            assert after != self.model.at(key)
            self.model.land(key, made.id, after)

    @rule(key=KEYS, path=PATHS, chosen=CHOSEN)
    def keep_a_part(self, key: Key, path: str, chosen: int) -> None:
        """Commit what lies in a pack of which the rest is of no use any more."""
        if CONTENTS[chosen] in self.model.purged:
            return
        self.made += 1
        repos.create_repo(self.vs, "scratch", author="ann")
        gone = random.Random(f"gone {self.made}").randbytes(400_000)
        commit_files(self.vs, {"gone": gone, "kept": CONTENTS[chosen]}, repo="scratch")
        self.commit(key, {path: chosen})
        repos.delete_repo(self.vs, "scratch", author="ann")

    @rule(key=KEYS, chosen=CHANGES)
    def stage(self, key: Key, chosen: dict[str, int | None]) -> None:
        changes = self.contents(chosen)
        if key not in self.model.heads or changes is None:
            return
        staging.stage(self.vs, *key, store_changes(self.vs, changes), author="ann")
        self.model.staged[key] |= changes

    @rule(key=KEYS, path=st.sampled_from(["", "a", "d", "d/x"]))
    def reset(self, key: Key, path: str) -> None:
        if key not in self.model.heads:
            return
        staged = self.model.staged[key]
        gone = {one for one in staged if not path or one == path or one.startswith(f"{path}/")}
        done = reset_staging(self.vs, *key, path, author="ann")
        assert (done.dropped, done.kept) == (len(gone), len(staged) - len(gone))
        for one in gone:
            del staged[one]

    @rule(key=KEYS)
    def commit_staging(self, key: Key) -> None:
        if key in self.model.heads:
            self.commit_all([key])

    @rule()
    def commit_all_mains(self) -> None:
        self.commit_all([("one", "main"), ("two", "main")])

    def commit_all(self, keys: list[Key]) -> None:
        """Commit the staging of branches, at once or not at all."""
        model = self.model
        after = {key: with_changes(model.at(key), model.staged[key]) for key in keys}
        try:
            if len(keys) == 1:
                made = [commit_staged(self.vs, *keys[0], message="staged", author="ann")]
            else:
                made = commit_together(self.vs, keys, message="all", author="ann")
        except NothingStaged:
            assert any(after[key] == model.at(key) for key in keys)
        except Protected:
            assert not all(model.may_commit(key) for key in keys)
        else:
            for key, commit in zip(keys, made, strict=True):
                assert model.may_commit(key)
                assert after[key] != model.at(key)
                model.land(key, commit.id, after[key])
                model.staged[key] = {}

    @precondition(lambda self: self.lacks_a_side())
    @rule(repo=REPOS)
    def branch(self, repo: str) -> None:
        head = self.model.heads[repo, "main"]
        if (repo, "side") not in self.model.heads and head is not None:
            branches.create_branch(self.vs, repo, "side", start="main", author="ann")
            self.model.add_branch((repo, "side"), head)

    @rule(repo=REPOS)
    def drop_branch(self, repo: str) -> None:
        key = (repo, "side")
        if key not in self.model.heads:
            return
        try:
            branches.delete_branch(self.vs, *key, author="ann")
        except Protected:
            assert key in self.model.protected
        else:
            assert key not in self.model.protected
            self.model.drop_branch(key)

    @rule(key=KEYS, back=BACK)
    def move(self, key: Key, back: int) -> None:
        """To where it was some commits before."""
        line = list(self.model.line(self.model.heads.get(key)))
        if back >= len(line):
            return
        try:
            branches.move_branch(self.vs, *key, f"{key[1]}~{back}", author="ann")
        except Protected:
            assert key in self.model.protected
        else:
            assert key not in self.model.protected
            if back:
                self.model.stand(key, line[back])

    @rule(
        repo=REPOS,
        names=st.sampled_from([("side", "main"), ("main", "side")]),
        strategy=STRATEGIES,
        fast_forward=st.booleans(),
    )
    def merge(
        self,
        repo: str,
        names: tuple[str, str],
        strategy: MergeStrategy | None,
        fast_forward: bool,
    ) -> None:
        source, key = names[0], (repo, names[1])
        ours, theirs = self.model.heads.get(key), self.model.heads.get((repo, source))
        if ours is None or theirs is None:
            return
        with self.vs.db.read() as conn:
            parted = merge_base(conn, ours, theirs)
        done = merges.merge(
            self.vs,
            repo,
            source,
            key[1],
            author="ann",
            decisions=Decisions(strategy),
            fast_forward=fast_forward,
        )
        if parted == theirs:
            assert done.outcome is MergeOutcome.UP_TO_DATE
        elif parted == ours and fast_forward:
            assert done.outcome is MergeOutcome.FAST_FORWARD
            self.model.stand(key, theirs)
        else:
            self.bring(key, done, parted, theirs, strategy, merged=(theirs,))

    def bring(
        self,
        key: Key,
        done: MergeInfo,
        parted: str | None,
        theirs: str | None,
        strategy: MergeStrategy | None,
        merged: tuple[str, ...] = (),
    ) -> None:
        """Hold what came of it against what should come."""
        files = self.model.files
        after = combine(files[parted], self.model.at(key), files[theirs], strategy)
        if after is None:
            assert done.outcome is MergeOutcome.CONFLICT
            return
        assert done.outcome is MergeOutcome.MERGED
        assert done.commit is not None
        self.model.land(key, done.commit.id, after, merged)

    @rule(key=KEYS, back=BACK, strategy=STRATEGIES)
    def revert(self, key: Key, back: int, strategy: MergeStrategy | None) -> None:
        line = list(self.model.line(self.model.heads.get(key)))
        if back < len(line):
            self.replay(key, key, line[back], strategy, takes_back=True)

    @rule(source=KEYS, key=KEYS, back=BACK, strategy=STRATEGIES)
    def cherry_pick(self, source: Key, key: Key, back: int, strategy: MergeStrategy | None) -> None:
        line = list(self.model.line(self.model.heads.get(source)))
        if back < len(line) and key in self.model.heads:
            self.replay(source, key, line[back], strategy, takes_back=False)

    def replay(
        self,
        source: Key,
        key: Key,
        commit: str,
        strategy: MergeStrategy | None,
        *,
        takes_back: bool,
    ) -> None:
        """Do on a branch what a commit has changed, or take it back."""
        model = self.model
        parents = model.parents[commit]
        before = parents[0] if parents else None
        parted, theirs = (commit, before) if takes_back else (before, commit)
        after = combine(model.files[parted], model.at(key), model.files[theirs], strategy)
        mainline = 1 if len(parents) > 1 else None
        decisions = Decisions(strategy)
        try:
            if takes_back:
                done = merges.revert(
                    self.vs, *key, commit, author="ann", decisions=decisions, mainline=mainline
                )
            else:
                done = merges.cherry_pick(
                    self.vs,
                    *key,
                    source[0],
                    commit,
                    author="ann",
                    decisions=decisions,
                    mainline=mainline,
                )
        except NothingStaged:
            assert after == model.at(key)
        except Protected:
            assert not model.may_commit(key)
        else:
            assert after is None or model.may_commit(key)
            self.bring(key, done, parted, theirs, strategy)

    @rule(repo=REPOS)
    def undo(self, repo: str) -> None:
        key = (repo, "main")
        try:
            done = undo(self.vs, *key, author="ann")
        except Protected:
            assert key in self.model.protected
        except Expired:
            assert self.model.moves[key][-1] in self.model.expired
        except Conflict:
            assert not self.model.moves[key]
        else:
            assert key not in self.model.protected
            assert done.new == self.model.moves[key].pop()
            self.model.heads[key] = done.new

    @rule(key=KEYS, allow_commits=st.booleans())
    def protect(self, key: Key, allow_commits: bool) -> None:
        protections.protect(self.vs, *key, author="ann", allow_commits=allow_commits)
        self.model.protected[key] = allow_commits

    @precondition(lambda self: hasattr(self, "model") and self.model.protected)
    @rule(data=st.data())
    def unprotect(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.model.protected)))
        protections.unprotect(self.vs, *key)
        del self.model.protected[key]

    @rule(gives_up=st.booleans())
    def collect(self, gives_up: bool) -> None:
        """Remove what nothing leads to, and perhaps the commits that no branch leads to, too."""
        with self.vs.db.write() as conn:
            events = outbox.claim(conn, "nobody", 60)
            outbox.ack(conn, "nobody", [event.id for event in events])
        keep_s = -1 if gives_up else UNREACHABLE_KEEP_S
        collect_garbage(self.vs, grace_s=-1, unreachable_keep_s=keep_s, dead_bytes=1000)
        if gives_up:
            self.model.give_up()
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
            assert content not in self.model.all_contents()
            return
        self.model.purged.add(content)

    @rule()
    def every_commit_is_as_it_was_made(self) -> None:
        assert check_store(self.vs, deep=True).problems == ()
        for commit, files in self.model.files.items():
            if commit is not None and commit not in self.model.expired:
                self.compare(self.model.repos[commit], commit, files)
        for (repo, branch), head in self.model.heads.items():
            if head is not None:
                line = [one.id for one in history.log(self.vs, repo, branch)]
                assert line == list(self.model.line(head))

    @invariant()
    def every_branch_holds_what_the_model_does(self) -> None:
        if not hasattr(self, "vs"):
            return
        for (repo, branch), head in self.model.heads.items():
            assert branches.get_branch(self.vs, repo, branch).head == head
            self.compare(repo, branch, self.model.files[head])

    @invariant()
    def what_is_staged_is_what_the_model_says(self) -> None:
        if not hasattr(self, "vs"):
            return
        for key, expected in self.model.staged.items():
            records = staging.staged_records(self.vs, *key)
            sets = [read_change_set(one.location, one.digest, self.vs.nodes) for one in records]
            staged = dict(merge_change_sets(sets))
            assert set(staged) == set(expected)
            for path, content in expected.items():
                entry = staged[path]
                assert (entry is None) == (content is None)
                if entry is not None and content is not None:
                    self.compare_content(entry, content)

    def compare(self, repo: str, ref: str, files: Files) -> None:
        entries = dict(scan(get_tree(self.vs, repo, ref), self.vs.nodes))
        assert set(entries) == set(files)
        for path, content in files.items():
            self.compare_content(entries[path], content)

    def compare_content(self, entry: Entry, content: bytes) -> None:
        try:
            data = b"".join(read_content(self.vs.objects, entry))
        except Purged:
            assert content in self.model.purged
        else:
            assert data == content
            # Of a purged content only what others share may be left, never all of it.
            assert content not in self.model.purged


TestStoreLife = StoreLife.TestCase
TestStoreLife.settings = settings(
    max_examples=int(os.environ.get("EXAMPLES", "25")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
