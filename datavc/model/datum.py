"""Datums: the units of work that globs cut out of input trees, and the keys that identify them.

A datum's key covers the code and every input file's full path and content, so equal keys mean
equal work: a rename inside a folder changes the key, a new commit that leaves the files alone
does not.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
from blake3 import blake3

from datavc.model.commit import TreeRef
from datavc.model.entry import Entry, EntryKind
from datavc.model.pipeline_input import CrossInput, PfsInput, PipelineInput
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

    @property
    def label(self) -> str:
        """``input:/path``; a folder's ends in a slash."""
        end = "/" if self.entry is None and self.path else ""
        return f"{self.source.name}:/{self.path}{end}"


@dataclass(frozen=True, slots=True)
class Datum:
    """One unit of work."""

    #: 32 bytes; see :func:`plan_datums`.
    key: bytes
    inputs: tuple[DatumInput, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """``input:/path`` of everything the datum sees."""
        return tuple(part.label for part in self.inputs)


def plan_datums(
    node: PipelineInput,
    trees: Mapping[tuple[str, str], TreeRef],
    source: NodeSource,
    code_digest: str,
    salt: str = "",
) -> Iterator[Datum]:
    """Cut input trees into datums, in the order of the spec and of the paths.

    Args:
        node: the pipeline's input.
        trees: the tree of every ``(repo, branch)`` that *node* reads.
        source: loads their nodes.
        code_digest: what :meth:`PipelineSpec.code_digest` says.
        salt: anything that sets these keys apart from those of the same code and inputs.
    """
    prefix = _encode(["datavc.datum.1", code_digest, salt])
    for inputs in _combine(node, trees, source):
        key = blake3(prefix + b"".join([part.fingerprint for part in inputs])).digest()
        yield Datum(key, inputs)


def datum_files(part: DatumInput, tree: TreeRef, source: NodeSource) -> Iterator[tuple[str, Entry]]:
    """The files of one of a datum's inputs, sorted by path."""
    if part.entry is not None:
        yield part.path, part.entry
    else:
        yield from scan(tree, source, f"{part.path}/" if part.path else "")


def _combine(
    node: PipelineInput, trees: Mapping[tuple[str, str], TreeRef], source: NodeSource
) -> Iterator[tuple[DatumInput, ...]]:
    if isinstance(node, PfsInput):
        for part in _match(node, trees[node.repo, node.branch], source):
            yield (part,)
    elif isinstance(node, CrossInput):
        parts = [list(_combine(part, trees, source)) for part in node.parts]
        for combination in itertools.product(*parts):
            yield tuple(itertools.chain.from_iterable(combination))
    else:
        for part_node in node.parts:
            yield from _combine(part_node, trees, source)


def _match(pfs: PfsInput, tree: TreeRef, source: NodeSource) -> Iterator[DatumInput]:
    head = _encode([pfs.name, pfs.repo, pfs.branch, pfs.empty_files])
    if not pfs.glob.strip("/"):
        if tree.files:
            # A tree's digest covers every path and content in it, whatever its history.
            yield DatumInput(pfs, "", None, blake3(head + b"T" + tree.digest).digest())
        return
    for found, entry in glob_tree(tree, source, pfs.glob):
        path = found.rstrip("/")
        if entry is None:
            hasher = blake3(head + b"D")
            for name, item in scan(tree, source, f"{path}/"):
                hasher.update(_file_identity(name, item))
            yield DatumInput(pfs, path, None, hasher.digest())
        else:
            identity = head + b"F" + _file_identity(path, entry)
            yield DatumInput(pfs, path, entry, blake3(identity).digest())


def _file_identity(path: str, entry: Entry) -> bytes:
    identity = [path, entry.digest, entry.executable]
    if entry.kind is not EntryKind.FILE:
        identity.append(entry.kind.value)
    return _encode(identity)
