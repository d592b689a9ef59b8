"""Datums: the units of work that globs cut out of input trees, and the keys that identify them.

A datum's key covers the code and every input file's full path and content, so equal keys mean
equal work: a rename inside a folder changes the key, a new commit that leaves the files alone
does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
from blake3 import blake3

from datavc.model.commit import TreeRef
from datavc.model.datum_input import DatumInput, cut_inputs
from datavc.model.entry import Entry
from datavc.model.pipeline_input import PipelineInput
from datavc.model.tree.node import NodeSource
from datavc.model.tree.scan import scan


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
    """Cut input trees into datums, in the order of :func:`~datavc.model.datum_input.cut_inputs`.

    Args:
        node: the pipeline's input.
        trees: the tree of every ``(repo, branch)`` that *node* reads.
        source: loads their nodes.
        code_digest: what :meth:`PipelineSpec.code_digest` says.
        salt: anything that sets these keys apart from those of the same code and inputs.
    """
    make = DatumMaker(code_digest, salt)
    for inputs in cut_inputs(node, trees, source):
        yield make.datum(inputs)


class DatumMaker:
    """Gives datums their keys; see :func:`plan_datums` for the arguments."""

    def __init__(self, code_digest: str, salt: str = "") -> None:
        self._prefix = msgspec.msgpack.encode(["datavc.datum.1", code_digest, salt])

    def datum(self, inputs: tuple[DatumInput, ...]) -> Datum:
        """The datum that sees *inputs*."""
        fingerprints = b"".join([part.fingerprint for part in inputs])
        return Datum(blake3(self._prefix + fingerprints).digest(), inputs)


def datum_files(part: DatumInput, tree: TreeRef, source: NodeSource) -> Iterator[tuple[str, Entry]]:
    """The files of one of a datum's inputs, sorted by path."""
    if part.entry is not None:
        yield part.path, part.entry
    else:
        yield from scan(tree, source, f"{part.path}/" if part.path else "")
