"""A pipeline's inputs: what data it reads, and how that is cut into datums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datavc.model.branch_trigger import BranchTrigger
from datavc.model.cron_schedule import CronSchedule


@dataclass(frozen=True, slots=True)
class CronTicks:
    """Where the files of a ``cron`` input come from: the engine commits one at each tick."""

    schedule: CronSchedule
    #: Microseconds since the epoch that the first tick comes after; ``None``: since the pipeline
    #: was created.
    start_us: int | None = None
    #: Whether a tick's file takes the place of the one before.
    overwrite: bool = False


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
    #: Whether a file is only fetched when the transform opens it; it finds named pipes.
    lazy: bool = False
    #: Whether the transform reads it as a bucket by S3, and finds no folder.
    s3: bool = False
    #: What a ``join`` above it joins by, with ``$1`` for what the glob's first brackets matched.
    join_on: str | None = None
    #: Whether its files are also there where another part of the join has nothing for them.
    outer_join: bool = False
    #: What a ``group`` above it groups by; as ``join_on``.
    group_by: str | None = None
    #: When ``branch`` moves to the head of another one.
    trigger: BranchTrigger | None = None
    #: What puts its files there, for a ``cron`` input.
    cron: CronTicks | None = None


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


def cron_inputs(node: PipelineInput) -> dict[str, tuple[PfsInput, CronTicks]]:
    """The ``cron`` inputs below *node*, by the repo of their ticks."""
    return {leaf.repo: (leaf, leaf.cron) for leaf in pfs_inputs(node) if leaf.cron is not None}


def trigger_branch(pipeline: str, number: int) -> str:
    """The branch that a pipeline's *number*-th trigger moves where its input names none."""
    return f"{pipeline}-trigger-{number}"


def is_made_for(pipeline: str, branch: str) -> bool:
    """Whether :func:`trigger_branch` gives *branch* its name."""
    return branch.removeprefix(f"{pipeline}-trigger-").isdecimal()
