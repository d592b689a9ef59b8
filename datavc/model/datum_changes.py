"""Which datums one state of an input has and another has not, at a cost of what differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datavc.model.commit import TreeRef
from datavc.model.datum import Datum, DatumMaker
from datavc.model.datum_input import PartCutter
from datavc.model.glob import Glob
from datavc.model.pipeline_input import PfsInput
from datavc.model.tree.diff import diff_trees
from datavc.model.tree.lookup import find_file, is_folder
from datavc.model.tree.node import NodeSource


@dataclass(frozen=True, slots=True)
class DatumChanges:
    """Datums by their keys."""

    #: Those that only the new state has.
    added: dict[bytes, Datum]
    #: Those that only the old one has.
    gone: dict[bytes, Datum]


def datum_changes(
    pfs: PfsInput, old: TreeRef, new: TreeRef, source: NodeSource, make: DatumMaker
) -> DatumChanges:
    """What :func:`~datavc.model.datum.plan_datums` says of *new* and not of *old*, and vice versa.

    Only what differs between the trees is read, and the folders that hold it.

    Args:
        pfs: the input.
        old: its tree before.
        new: its tree now.
        source: loads nodes of both.
        make: gives datums their keys.
    """
    glob = Glob(pfs.glob.rstrip("/"))
    before, after = _State(pfs, glob, old, source, make), _State(pfs, glob, new, source, make)
    gone: dict[bytes, Datum] = {}
    added: dict[bytes, Datum] = {}
    for path in _matches(glob, old, new, source):
        was, now = before.datum(path), after.datum(path)
        if was is not None and now is not None and was.key == now.key:
            continue
        if was is not None:
            gone[was.key] = was
        if now is not None:
            added[now.key] = now
    return DatumChanges(added, gone)


class _State:
    """One state of the input."""

    def __init__(
        self, pfs: PfsInput, glob: Glob, tree: TreeRef, source: NodeSource, make: DatumMaker
    ) -> None:
        self._cut = PartCutter(pfs, tree, source)
        self._finds_folders = not glob.is_deep
        self._tree = tree
        self._source = source
        self._make = make

    def datum(self, path: str) -> Datum | None:
        """The datum at a path that the glob matches."""
        if not path:
            return self._make.datum((self._cut.part("", None),)) if self._tree.files else None
        entry = find_file(self._tree, path, self._source)
        if entry is None and not (
            self._finds_folders and is_folder(self._tree, path, self._source)
        ):
            return None
        return self._make.datum((self._cut.part(path, entry),))


def _matches(glob: Glob, old: TreeRef, new: TreeRef, source: NodeSource) -> Iterator[str]:
    """Paths of files and folders that the glob matches and in which something differs."""
    last: list[str] = []
    for path, _, _ in diff_trees(old, new, source, glob.prefix):
        matches = _matches_of(path, glob)
        yield from (match for match in matches if match not in last)
        # Differences are sorted, so those in one folder follow each other.
        last = matches


def _matches_of(path: str, glob: Glob) -> list[str]:
    if not glob.depth:
        return [""]
    is_mark = path.endswith("/")
    if glob.is_deep:
        return [path] if not is_mark and glob.match(path) is not None else []
    parts = path.split("/", glob.depth)
    found = ["/".join(parts[:end]) for end in range(1, min(len(parts), glob.depth + 1))]
    if len(parts) <= glob.depth and not is_mark:
        found.append(path)
    return [match for match in found if glob.match(match) is not None]
