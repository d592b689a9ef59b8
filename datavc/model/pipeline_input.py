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
    #: What a ``join`` above it joins by, with ``$1`` for what the glob's first brackets matched.
    join_on: str | None = None
    #: Whether its files are also there where another part of the join has nothing for them.
    outer_join: bool = False
    #: What a ``group`` above it groups by; as ``join_on``.
    group_by: str | None = None


@dataclass(frozen=True, slots=True)
class CrossInput:
    """One datum for every combination of its parts' datums."""

    parts: tuple[PipelineInput, ...]


@dataclass(frozen=True, slots=True)
class UnionInput:
    """The datums of all its parts, one after the other."""

    parts: tuple[PipelineInput, ...]


@dataclass(frozen=True, slots=True)
class JoinInput:
    """One datum for every combination of its parts' datums that have the same ``join_on``."""

    parts: tuple[PipelineInput, ...]


@dataclass(frozen=True, slots=True)
class GroupInput:
    """One datum for all of its parts' datums that have the same ``group_by``."""

    parts: tuple[PipelineInput, ...]


PipelineInput = PfsInput | CrossInput | UnionInput | JoinInput | GroupInput


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
