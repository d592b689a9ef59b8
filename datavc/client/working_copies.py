"""Verbs that make working copies, and find them again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from datavc.client.base import ClientBase
from datavc.errors import Conflict, InvalidInput, InvalidPath

if TYPE_CHECKING:
    from datavc.client.working_copy import WorkingCopy
    from datavc.model.address import Address
    from datavc.model.working_copy import CopyUpdate
    from datavc.versioning.restore import Progress
    from datavc.versioning.working_copy.copy_state import CopyState


class WorkingCopyVerbs(ClientBase):
    """Making working copies, and finding them again."""

    def checkout(
        self,
        address: str | Address,
        folder: str | Path | None = None,
        *,
        force: bool = False,
        progress: Progress | None = None,
    ) -> CopyUpdate:
        """Make a working copy: a folder with a ref's files, which remembers where they are from.

        A checkout that was interrupted is completed by the same call.

        Args:
            address: ``repo@ref``, or ``repo@ref:/folder`` for a part of it.
            folder: where; without it, the name of the repo or of its folder, in the current one.
            force: use a folder that holds files already; those that differ are replaced.
            progress: called with the numbers of files and of bytes done since the last call.

        Raises:
            NotFound: there is no such repo, ref or folder.
            Conflict: the folder holds files already, or another working copy.
            InvalidPath: a name cannot be held by the file system; nothing was done.
        """
        from datavc.client.copied_ref import check_prefix, settle_ref
        from datavc.client.working_copy import WorkingCopy
        from datavc.versioning.working_copy.copy_state import STATE_FOLDER, CopyState, read_state

        located = self.locate(address)
        name = located.path.rstrip("/").rpartition("/")[2] or located.repo
        root = Path(folder or name).absolute()
        ref, commits = settle_ref(self, located.repo, str(located.ref))
        state = CopyState(
            place=self.transport.address,
            repo=located.repo,
            ref=ref,
            is_branch=commits,
            prefix=f"{located.path.rstrip('/')}/" if located.path else "",
            commit=None,
        )
        check_prefix(state, self.tree_at(located), self)
        is_new = not root.exists()
        is_claimed = _claim(root, state, force=force)
        try:
            return WorkingCopy(self, root).pull(force=force, progress=progress)
        except InvalidPath:
            if is_claimed and read_state(root) == state:
                # Nothing was written yet, so nothing stays behind.
                shutil.rmtree(root if is_new else root / STATE_FOLDER)
            raise

    def working_copy(self, folder: str | Path = ".") -> WorkingCopy:
        """The working copy that *folder* is, or is in.

        Raises:
            NotFound: there is none.
            Conflict: its files are from another datavc.
        """
        from datavc.client.working_copy import WorkingCopy
        from datavc.versioning.working_copy.copy_state import find_root

        return WorkingCopy(self, find_root(Path(folder)))


def _claim(root: Path, state: CopyState, *, force: bool) -> bool:
    """Make *root* a working copy that holds nothing; ``False`` where it is one already."""
    from datavc.versioning.working_copy.copy_state import STATE_FOLDER, read_state, write_state

    if (root / STATE_FOLDER).is_dir() and (root / STATE_FOLDER / "copy.json").exists():
        there = read_state(root)
        same = msgspec.structs.replace(there, commit=None, under_way=()) == state
        if not same:
            raise Conflict(
                f"{str(root)!r} is a working copy of {there.repo}@{there.ref}",
                hint="use `datavc switch` in it, or another folder",
            )
        return False
    try:
        root.mkdir(parents=True, exist_ok=True)
        is_empty = not any(root.iterdir())
    except OSError as error:
        raise InvalidInput(f"{str(root)!r} cannot be a folder: {error.strerror}") from None
    if not is_empty and not force:
        raise Conflict(
            f"{str(root)!r} holds files already",
            hint="name an empty folder, or use --force to replace files that differ",
        )
    write_state(root, state)
    return True
