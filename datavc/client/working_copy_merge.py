"""Merging into the branch that a working copy is of."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datavc.client.merges import MergeVerbs
from datavc.errors import Conflict, InvalidInput, LostRace
from datavc.model.merge_info import MergeInfo, MergeOutcome
from datavc.model.tree.diff import diff_trees
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.lookup import lookup

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from datavc.client.working_copy import WorkingCopy
    from datavc.model.commit import TreeRef
    from datavc.model.tree.clash import MergeStrategy
    from datavc.model.working_copy import CopyStatus, CopyUpdate
    from datavc.versioning.restore import Progress
    from datavc.versioning.working_copy.copy_state import CopyState

_FOLDER = "merge"


@dataclass(frozen=True, slots=True)
class CopyMerge:
    """A merge into what is checked out."""

    merge: MergeInfo
    #: What it did to the folder; ``None`` where there were conflicts.
    update: CopyUpdate | None
    #: Where the other side of the conflicts was written (``theirs``), and what both sides come
    #: from (``before``), by their paths in the repo; ``None`` where there were none.
    sides: Path | None


class CopyMergeVerbs(MergeVerbs):
    """Merging into a working copy."""

    def merge_into_copy(
        self,
        copy: WorkingCopy,
        ref: str,
        message: str = "",
        *,
        strategy: MergeStrategy | str | None = None,
        ours: Collection[str] = (),
        theirs: Collection[str] = (),
        content: Mapping[str, Path] | None = None,
        use: Sequence[str] = (),
        fast_forward: bool = True,
        progress: Progress | None = None,
    ) -> CopyMerge:
        """Merge a ref into the branch that a working copy is of, and bring the folder there.

        Where there are conflicts, nothing is changed but that the other side of them is written
        beside. A conflict can be decided by the file that is in the folder now. Pipelines are not
        run: see :meth:`run_pipelines`.

        Args:
            copy: the working copy.
            ref: of the same repo.
            message, strategy, ours, theirs, content, fast_forward: as for :meth:`merge`.
            use: files of the working copy, relative to it, to be taken instead of either side.
            progress: called with the numbers of files and of bytes done since the last call.

        Raises:
            Conflict: what is checked out is no branch; or a file was changed in the folder, is
                changed by what is merged, and is not among *use*.
            LostRace: the branch has moved on; pull first.
            NotFound, InvalidInput: as :meth:`merge`.
        """
        from datavc.versioning.working_copy.comparison import STATE_FOLDER

        state = copy.settled_state()
        found = copy.status()
        _check_current(state, found.behind)
        self._check_clear(state, ref, found, use)
        sides = copy.root / STATE_FOLDER / _FOLDER
        _clear(sides)
        contents = dict(content or {})
        for path in use:
            contents[state.prefix + path] = _own_file(copy.root, path)
        done = self.merge(
            f"{state.repo}@{ref}",
            state.ref,
            message,
            strategy=strategy,
            ours=ours,
            theirs=theirs,
            content=contents,
            fast_forward=fast_forward,
            run=False,
        )
        if done.outcome is not MergeOutcome.CONFLICT:
            return CopyMerge(done, copy.pull(progress=progress), None)
        self._write_sides(state, ref, done, sides, progress)
        return CopyMerge(done, None, sides)

    def _check_clear(
        self, state: CopyState, ref: str, found: CopyStatus, use: Sequence[str]
    ) -> None:
        """Make sure that bringing the folder to the merge gives up nothing that was changed."""
        changed = {change.path for change in found.changes} - set(use)
        if not changed:
            return
        before, after = self._before(state, ref), self.transport.tree(state.repo, ref)
        cut = len(state.prefix)
        theirs = diff_trees(before, after, self.nodes, state.prefix)
        both = sorted(changed.intersection(path[cut:] for path, _, _ in theirs))
        if both:
            more = f" and {len(both) - 1} more" if len(both) > 1 else ""
            raise Conflict(
                f"{both[0]!r}{more} was changed here, and by {ref}",
                hint="take it as it is here by --use PATH, commit it first, or restore it",
            )

    def _before(self, state: CopyState, ref: str) -> TreeRef:
        """What both sides come from."""
        if state.commit is None:
            return EMPTY_TREE
        parted = self.transport.merge_base(state.repo, state.commit, ref)
        return EMPTY_TREE if parted is None else self.transport.tree(state.repo, parted)

    def _write_sides(
        self, state: CopyState, ref: str, done: MergeInfo, into: Path, progress: Progress | None
    ) -> None:
        from datavc.versioning.restore import restore_files

        transport = self.transport
        trees = {
            "theirs": transport.tree(state.repo, ref),
            "before": self._before(state, ref),
        }
        paths = [conflict.path for conflict in done.conflicts if conflict.decided is None]
        for name, tree in trees.items():
            found = [(path, lookup(tree, path, self.nodes)) for path in paths]
            files = [(path, entry) for path, entry in found if entry is not None]
            restore_files(transport.objects, files, into / name, progress=progress)


def _check_current(state: CopyState, behind: str | None) -> None:
    name = f"{state.repo}@{state.ref}"
    if not state.is_branch:
        raise Conflict(
            f"'{state.ref}' of repo {state.repo!r} is no branch that can be merged into",
            hint="`datavc switch BRANCH` first",
        )
    if behind is not None:
        raise LostRace(
            f"{name} has moved on since it was checked out",
            hint="run `datavc pull`, then merge again",
        )


def _own_file(root: Path, path: str) -> Path:
    found = root / path
    if found.is_symlink() or not found.is_file():
        raise InvalidInput(f"{str(found)!r} is no file", hint="name a file of the working copy")
    return found


def _clear(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
