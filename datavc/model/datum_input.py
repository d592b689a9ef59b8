"""What a datum sees of its inputs: globs cut trees into parts, and parts are combined."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import msgspec
from blake3 import blake3

from datavc.model.capture import fill_captures
from datavc.model.commit import TreeRef
from datavc.model.entry import Entry, EntryKind
from datavc.model.glob import Glob
from datavc.model.pipeline_input import (
    CrossInput,
    GroupInput,
    JoinInput,
    PfsInput,
    PipelineInput,
    UnionInput,
    pfs_inputs,
)
from datavc.model.tree.glob_tree import glob_tree
from datavc.model.tree.node import NodeSource
from datavc.model.tree.scan import scan

_encode = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class DatumInput:
    """A file or folder that a datum sees."""

    source: PfsInput
    #: The file or folder in the repo, without slashes at its ends; ``""`` for the whole repo.
    path: str
    #: The file's entry; ``None`` for a folder.
    entry: Entry | None
    #: Hash of the input's name, its repo and branch, and every file's full path and content.
    fingerprint: bytes
    #: What it is joined by and grouped by; ``None`` where its input does not say.
    join_on: str | None = None
    group_by: str | None = None

    @property
    def label(self) -> str:
        """``input:/path``; a folder's ends in a slash."""
        end = "/" if self.entry is None and self.path else ""
        return f"{self.source.name}:/{self.path}{end}"


#: All that one datum sees, in the order of the spec.
Parts = tuple[DatumInput, ...]


def cut_inputs(
    node: PipelineInput, trees: Mapping[tuple[str, str], TreeRef], source: NodeSource
) -> Iterator[Parts]:
    """What each datum sees, in the order of the spec and of the paths; groups by what they share.

    A join takes every combination of what its parts have under the same key. Where one of them
    has nothing there, the combination is made of those that are outer joins, if there are any.

    Args:
        node: the pipeline's input.
        trees: the tree of every ``(repo, branch)`` that *node* reads.
        source: loads their nodes.
    """
    match node:
        case PfsInput():
            for part in _match(node, trees[node.repo, node.branch], source):
                yield (part,)
        case CrossInput():
            yield from _combinations([list(cut_inputs(part, trees, source)) for part in node.parts])
        case UnionInput():
            for below in node.parts:
                yield from cut_inputs(below, trees, source)
        case JoinInput():
            yield from _join(node, trees, source)
        case GroupInput():
            yield from _group(node, trees, source)


def _join(
    node: JoinInput, trees: Mapping[tuple[str, str], TreeRef], source: NodeSource
) -> Iterator[Parts]:
    sides = [
        _by_key(cut_inputs(part, trees, source), lambda part: part.join_on) for part in node.parts
    ]
    outer = [any(leaf.outer_join for leaf in pfs_inputs(part)) for part in node.parts]
    for key in sorted(set().union(*sides)):
        found = [side.get(key, []) for side in sides]
        if not all(found):
            found = [parts for parts, kept in zip(found, outer, strict=True) if kept and parts]
            if not found:
                continue
        yield from _combinations(found)


def _group(
    node: GroupInput, trees: Mapping[tuple[str, str], TreeRef], source: NodeSource
) -> Iterator[Parts]:
    every = (parts for below in node.parts for parts in cut_inputs(below, trees, source))
    groups = _by_key(every, lambda part: part.group_by)
    for key in sorted(groups):
        yield tuple(itertools.chain.from_iterable(groups[key]))


def _by_key(
    found: Iterator[Parts], key_of: Callable[[DatumInput], str | None]
) -> dict[tuple[str, ...], list[Parts]]:
    """By the keys of the parts that have one, each once: a join of joins has one key again."""
    by_key: defaultdict[tuple[str, ...], list[Parts]] = defaultdict(list)
    for parts in found:
        keys = (key_of(part) for part in parts)
        by_key[tuple(dict.fromkeys(key for key in keys if key is not None))].append(parts)
    return by_key


def _combinations(choices: list[list[Parts]]) -> Iterator[Parts]:
    for combination in itertools.product(*choices):
        yield tuple(itertools.chain.from_iterable(combination))


def _match(pfs: PfsInput, tree: TreeRef, source: NodeSource) -> Iterator[DatumInput]:
    cut = PartCutter(pfs, tree, source)
    for path, entry in glob_tree(tree, source, pfs.glob):
        # The mark of an empty folder is no file; the folder itself is found, too.
        if not path.endswith("/") and (path or tree.files):
            yield cut.part(path, entry)


class PartCutter:
    """Makes parts of one input's tree."""

    def __init__(self, pfs: PfsInput, tree: TreeRef, source: NodeSource) -> None:
        self._pfs = pfs
        self._tree = tree
        self._source = source
        self._has_keys = pfs.join_on is not None or pfs.group_by is not None
        self._glob = Glob(pfs.glob.rstrip("/"))
        self._identity: list[object] = [pfs.name, pfs.repo, pfs.branch, pfs.empty_files]
        if pfs.s3:
            # A transform that finds a bucket is another one than that which finds files.
            self._identity.append("s3")
        self._plain_head = _encode(self._identity)

    def part(self, path: str, entry: Entry | None) -> DatumInput:
        """The part at *path*: the file *entry*, or the folder (``""`` for the root)."""
        head, join_on, group_by = self._plain_head, None, None
        if self._has_keys:
            join_on, group_by = self._keys(path)
            # The transform is told the keys, so they count.
            head = _encode([*self._identity, join_on, group_by])
        return DatumInput(
            self._pfs, path, entry, self._fingerprint(head, path, entry), join_on, group_by
        )

    def _fingerprint(self, head: bytes, path: str, entry: Entry | None) -> bytes:
        if entry is not None:
            return blake3(head + b"F" + _file_identity(path, entry)).digest()
        if not path:
            # A tree's digest covers every path and content in it, whatever its history.
            return blake3(head + b"T" + self._tree.digest).digest()
        hasher = blake3(head + b"D")
        for name, item in scan(self._tree, self._source, f"{path}/"):
            hasher.update(_file_identity(name, item))
        return hasher.digest()

    def _keys(self, path: str) -> tuple[str | None, str | None]:
        captures = self._glob.match(path) or ()
        join_on, group_by = self._pfs.join_on, self._pfs.group_by
        return (
            None if join_on is None else fill_captures(join_on, captures),
            None if group_by is None else fill_captures(group_by, captures),
        )


def _file_identity(path: str, entry: Entry) -> bytes:
    identity = [path, entry.digest, entry.executable]
    if entry.kind is not EntryKind.FILE:
        identity.append(entry.kind.value)
    return _encode(identity)
