"""Who wrote which path of a job's output; two datums must never write the same one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from datavc.errors import DuplicateOutput
from datavc.model.commit import TreeRef
from datavc.model.datum import Datum
from datavc.model.entry import Change, Entry
from datavc.model.tree.lookup import lookup
from datavc.model.tree.node import NodeSource


class OutputLedger:
    """The changes that turn the last job's output into this one's.

    Args:
        base: the last job's output.
        nodes: loads its nodes.
        gone: paths in it whose datums this job does not have.
        owner_in_base: finds the datum, kept from the last job, that wrote a path; slow, and only
            asked for an error's message.
    """

    def __init__(
        self,
        base: TreeRef,
        nodes: NodeSource,
        gone: Iterable[str],
        owner_in_base: Callable[[str], str],
    ) -> None:
        self._base = base
        self._nodes = nodes
        self._gone = set(gone)
        self._owner_in_base = owner_in_base
        self._written: dict[str, tuple[Entry, Datum]] = {}

    def add(self, datum: Datum, files: Iterable[tuple[str, Entry]]) -> None:
        """Enter what *datum* wrote.

        Raises:
            DuplicateOutput: another datum of the job wrote one of these paths.
        """
        for path, entry in files:
            other = self._written.get(path)
            if other is not None:
                raise _duplicate(path, describe(other[1]), describe(datum))
            if self._is_in_base(path):
                raise _duplicate(path, self._owner_in_base(path), describe(datum))
            self._written[path] = (entry, datum)

    def changes(self) -> list[Change]:
        """The changes to the base, sorted by path."""
        changes: dict[str, Entry | None] = dict.fromkeys(self._gone)
        changes.update((path, entry) for path, (entry, _) in self._written.items())
        return sorted(changes.items(), key=lambda change: change[0])

    def _is_in_base(self, path: str) -> bool:
        return (
            self._base.files > 0
            and path not in self._gone
            and lookup(self._base, path, self._nodes) is not None
        )


def describe(datum: Datum) -> str:
    """A datum as messages name it: its id shortened, and what it sees."""
    return f"{datum.key.hex()[:12]} ({', '.join(datum.labels)})"


def _duplicate(path: str, first: str, second: str) -> DuplicateOutput:
    return DuplicateOutput(
        f"datums {first} and {second} both wrote /{path}",
        hint="name outputs after their input, or use one datum for both",
    )
