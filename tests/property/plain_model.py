"""What a versioned store should hold, in plain dictionaries: the model of the state machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from datavc.model.tree.clash import MergeStrategy

Files = dict[str, bytes]
#: What is staged: content by path, ``None`` where a file is to go.
Staged = dict[str, bytes | None]
#: Repo and branch.
Key = tuple[str, str]


@dataclass
class PlainModel:
    """Each commit's files and parents, where branches stand and stood, and what was purged."""

    heads: dict[Key, str | None] = field(default_factory=dict)
    #: Where a branch stood before each move that can be undone.
    moves: dict[Key, list[str | None]] = field(default_factory=dict)
    staged: dict[Key, Staged] = field(default_factory=dict)
    #: Protected branches, and whether commits may be made on them.
    protected: dict[Key, bool] = field(default_factory=dict)
    files: dict[str | None, Files] = field(default_factory=lambda: {None: {}})
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    repos: dict[str, str] = field(default_factory=dict)
    purged: set[bytes] = field(default_factory=set)
    #: Commits whose content was given up.
    expired: set[str] = field(default_factory=set)

    def add_branch(self, key: Key, head: str | None) -> None:
        self.heads[key] = head
        self.moves[key] = []
        self.staged[key] = {}

    def drop_branch(self, key: Key) -> None:
        del self.heads[key], self.moves[key], self.staged[key]

    def at(self, key: Key) -> Files:
        """The files of a branch."""
        return self.files[self.heads[key]]

    def stand(self, key: Key, commit: str | None) -> None:
        """A branch is moved."""
        self.moves[key].append(self.heads[key])
        self.heads[key] = commit

    def land(self, key: Key, commit: str, files: Files, merged: tuple[str, ...] = ()) -> None:
        """A commit is made on a branch."""
        head = self.heads[key]
        self.parents[commit] = (*(() if head is None else (head,)), *merged)
        self.files[commit] = files
        self.repos[commit] = key[0]
        self.stand(key, commit)

    def line(self, commit: str | None) -> Iterator[str]:
        """A commit and its first parents."""
        while commit is not None:
            yield commit
            parents = self.parents[commit]
            commit = parents[0] if parents else None

    def give_up(self) -> None:
        """The content of all commits goes that no branch leads to."""
        kept: set[str] = set()
        waiting = [head for head in self.heads.values() if head is not None]
        while waiting:
            commit = waiting.pop()
            if commit not in kept:
                kept.add(commit)
                waiting += self.parents[commit]
        self.expired |= self.parents.keys() - kept

    def may_commit(self, key: Key) -> bool:
        return self.protected.get(key, True)

    def all_contents(self) -> set[bytes]:
        """What some branch holds."""
        return {data for head in self.heads.values() for data in self.files[head].values()}


def with_changes(files: Files, changes: Staged) -> Files:
    merged = {**files, **changes}
    return {path: data for path, data in merged.items() if data is not None}


def combine(
    parted: Files, ours: Files, theirs: Files, strategy: MergeStrategy | None
) -> Files | None:
    """The merge of two sides path by path; ``None`` where that leaves something undecided."""
    merged: Staged = {}
    for path in {*parted, *ours, *theirs}:
        base, mine, other = parted.get(path), ours.get(path), theirs.get(path)
        if other in (base, mine):
            merged[path] = mine
        elif mine == base:
            merged[path] = other
        elif strategy is None:
            return None
        else:
            merged[path] = mine if strategy is MergeStrategy.OURS else other
    return with_changes({}, merged)
