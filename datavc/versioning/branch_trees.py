"""Branches as trees: the head with what is staged on top, carried on change set by change set.

So is anything else that change sets are put upon, one after the other.

Nodes that only the staged changes make are kept in a temporary file, so that one path is looked
up, and one page listed, at the cost of its own, however much is staged.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection

from datavc.db import commits, staging
from datavc.errors import LostRace, NotFound
from datavc.model.change_set import StagedRecord, merge_change_sets, read_change_set
from datavc.model.commit import TreeRef
from datavc.model.entry import Location
from datavc.model.ids import new_id
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.node import Node, NodeSource, decode_node
from datavc.versioning.branches import find_branch
from datavc.versioning.repos import find_repo
from datavc.versioning.versioned_store import VersionedStore

#: Branches whose trees are kept.
_KEPT = 64
#: A temporary file of so many bytes is given up, and the tree made anew from what is staged.
_MAX_SCRATCH = 256 * 1024 * 1024
#: Nodes of a temporary file that are kept in memory.
_KEPT_NODES = 64
#: How often a tree is made once more where a commit landed while it was made.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class BranchVersion:
    """What tells one state of a branch from all others."""

    repo_id: int
    head: str | None
    #: How many change sets are staged, and the id of the newest.
    staged: int
    newest: int
    #: When it was last changed, in microseconds since the Unix epoch.
    time_us: int


@dataclass(frozen=True, slots=True)
class BranchPlace:
    """A branch by its name."""

    repo: str
    branch: str

    def __str__(self) -> str:
        return f"branch {self.branch!r} of repo {self.repo!r}"


#: What change sets are staged at.
PlaceT = TypeVar("PlaceT", bound=Hashable)


@dataclass(frozen=True, slots=True)
class BranchTree:
    """A branch as its next commit would see it."""

    version: BranchVersion
    tree: TreeRef
    #: Loads the tree's nodes.
    source: NodeSource


class ScratchNodes:
    """Nodes in a temporary file on top of those of a store. Safe to share between threads."""

    def __init__(self, below: NodeSource) -> None:
        self._below = below
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - lives as long as this
        # Readers may still have it when a newer one has taken its place, so nobody else closes it.
        weakref.finalize(self, self._file.close)
        self._pack = bytes.fromhex(new_id())
        self._lock = threading.Lock()
        self._nodes: OrderedDict[Location, Node] = OrderedDict()
        self.size = 0

    def save(self, digest: bytes, payload: bytes) -> Location:  # noqa: ARG002 - of a protocol
        """Keep a record."""
        with self._lock:
            location = Location(self._pack, self.size, len(payload))
            os.pwrite(self._file.fileno(), payload, self.size)
            self.size += len(payload)
        return location

    #: Change sets are kept as nodes are.
    save_change_set = save

    def load(self, digest: bytes, location: Location) -> Node:
        """The node of that digest, from here or from the store."""
        if location.pack != self._pack:
            return self._below.load(digest, location)
        with self._lock:
            kept = self._nodes.get(location)
            if kept is not None:
                self._nodes.move_to_end(location)
                return kept
        node = decode_node(self._read(location), digest)
        with self._lock:
            self._nodes[location] = node
            while len(self._nodes) > _KEPT_NODES:
                self._nodes.popitem(last=False)
        return node

    def load_change_set(self, digest: bytes, location: Location) -> bytes:
        """The payload of a change-set record, from here or from the store."""
        if location.pack != self._pack:
            return self._below.load_change_set(digest, location)
        return self._read(location)

    def _read(self, location: Location) -> bytes:
        return os.pread(self._file.fileno(), location.length, location.offset)


class _Slot:
    """What is kept of one branch."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.turn = threading.Lock()
        self.tree: BranchTree | None = None


class StagedTrees(ABC, Generic[PlaceT]):
    """The trees of places that change sets are staged at, kept up to date.

    Safe to share between threads.
    """

    def __init__(self, vs: VersionedStore) -> None:
        self._vs = vs
        self._lock = threading.Lock()
        self._slots: OrderedDict[PlaceT, _Slot] = OrderedDict()

    @abstractmethod
    def read_version(self, conn: Connection, place: PlaceT) -> BranchVersion:
        """The present state of a place.

        Raises:
            NotFound: there is no such place.
        """

    @abstractmethod
    def read_staged(
        self, conn: Connection, place: PlaceT, version: BranchVersion, after: int
    ) -> list[StagedRecord]:
        """What is staged there in order, from the first id past *after*."""

    def get(self, place: PlaceT) -> BranchTree:
        """The place as it is now.

        Raises:
            NotFound: there is no such place.
        """
        slot = self._slot(place)
        with slot.lock:
            for left in reversed(range(_TRIES)):
                with self._vs.db.read() as conn:
                    version = self.read_version(conn, place)
                    if slot.tree is not None and slot.tree.version == version:
                        return slot.tree
                    known = _carried_on(slot.tree, version)
                    base = _tree_of(conn, version) if known is None else known.tree
                    after = 0 if known is None else known.version.newest
                    new = self.read_staged(conn, place, version, after)
                try:
                    slot.tree = self._make(version, base, known, new)
                except NotFound:
                    # What was staged has landed meanwhile, and was collected.
                    if not left:
                        raise
                else:
                    return slot.tree
        raise LostRace(f"{place} changes all the time", hint="try again")

    @contextmanager
    def turn(self, place: PlaceT) -> Iterator[None]:
        """Let one thread of this process at a time write to a place."""
        with self._slot(place).turn:
            yield

    def _make(
        self,
        version: BranchVersion,
        base: TreeRef,
        known: BranchTree | None,
        records: list[StagedRecord],
    ) -> BranchTree:
        if not version.staged:
            return BranchTree(version, base, self._vs.nodes)
        scratch = known.source if known is not None else None
        if not isinstance(scratch, ScratchNodes):
            scratch = ScratchNodes(self._vs.nodes)
        streams = [read_change_set(one.location, one.digest, self._vs.nodes) for one in records]
        tree = apply_changes(base, merge_change_sets(streams), scratch, scratch)
        return BranchTree(version, tree, scratch)

    def _slot(self, place: PlaceT) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(place, _Slot())
            self._slots.move_to_end(place)
            while len(self._slots) > _KEPT:
                self._slots.popitem(last=False)
            return slot


class BranchTrees(StagedTrees[BranchPlace]):
    """The trees of branches."""

    def read_version(self, conn: Connection, place: BranchPlace) -> BranchVersion:
        """The present state of a branch.

        Raises:
            NotFound: there is no such repo or branch.
        """
        repo = find_repo(conn, place.repo)
        found = find_branch(conn, repo, place.branch)
        number, newest, time_us = staging.extent(conn, repo.id, place.branch)
        return BranchVersion(repo.id, found.head, number, newest, max(found.updated_us, time_us))

    def read_staged(
        self, conn: Connection, place: BranchPlace, version: BranchVersion, after: int
    ) -> list[StagedRecord]:
        """What is staged on a branch in order, from the first id past *after*."""
        rows = staging.list_staged(conn, version.repo_id, place.branch, after=after)
        return [one.record for one in rows]


def _carried_on(known: BranchTree | None, version: BranchVersion) -> BranchTree | None:
    """*known*, where nothing but new change sets lies between it and *version*."""
    if (
        known is None
        or (known.version.repo_id, known.version.head) != (version.repo_id, version.head)
        or version.staged < known.version.staged
        or (isinstance(known.source, ScratchNodes) and known.source.size > _MAX_SCRATCH)
    ):
        return None
    return known


def _tree_of(conn: Connection, version: BranchVersion) -> TreeRef:
    commit = None if version.head is None else commits.find(conn, version.head)
    return EMPTY_TREE if commit is None else commit.tree
