"""What differs between two versions of a pipeline's spec, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpecChange:
    """A field that differs; ``None`` stands for a field that is not there."""

    #: Such as ``transform.cmd[2]``.
    path: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class PipelineDiff:
    """What differs between two versions of a pipeline."""

    pipeline: str
    old: int
    new: int
    changes: tuple[SpecChange, ...]


def diff_specs(old: object, new: object, path: str = "") -> Iterator[SpecChange]:
    """The fields in which two specs as plain data differ, in the order of *old*, then of *new*."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            below = f"{path}.{key}" if path else str(key)
            yield from diff_specs(old.get(key), new.get(key), below)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from diff_specs(before, after, f"{path}[{index}]")
    elif old != new:
        yield SpecChange(path, old, new)
