"""A pipeline's inputs: what data it reads, and how that is cut into datums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PfsInput:
    """Files of one branch, cut into datums by a glob."""

    #: The folder below ``/pfs`` that a transform finds the files in.
    name: str
    repo: str
    branch: str
    #: ``/`` is the whole repo as one datum, ``/*`` one datum for each top-level file or folder.
    glob: str
    #: Whether the transform only needs the names: files appear with no content.
    empty_files: bool = False


@dataclass(frozen=True, slots=True)
class CrossInput:
    """One datum for every combination of its parts' datums."""

    parts: tuple[PipelineInput, ...]


@dataclass(frozen=True, slots=True)
class UnionInput:
    """The datums of all its parts, one after the other."""

    parts: tuple[PipelineInput, ...]


PipelineInput = PfsInput | CrossInput | UnionInput


def pfs_inputs(node: PipelineInput) -> Iterator[PfsInput]:
    """Every ``pfs`` input below *node*, in the order of the spec."""
    if isinstance(node, PfsInput):
        yield node
    else:
        for part in node.parts:
            yield from pfs_inputs(part)


def source_branches(node: PipelineInput) -> tuple[tuple[str, str], ...]:
    """The ``(repo, branch)`` pairs that *node* reads, each once, in the order of the spec."""
    return tuple(dict.fromkeys((leaf.repo, leaf.branch) for leaf in pfs_inputs(node)))
