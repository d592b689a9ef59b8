"""Verb that mirrors a commit to a folder or a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from datavc.client.base import ClientBase
from datavc.errors import Conflict, Expired, InvalidPath, NotFound
from datavc.model.tree.diff import diff_trees
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.lookup import is_folder, lookup
from datavc.versioning.export.state import STATE_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from datavc.model.address import Address
    from datavc.model.commit import TreeRef
    from datavc.model.entry import Entry
    from datavc.versioning.export.state import ExportState
    from datavc.versioning.restore import Progress


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What one export did, or would."""

    target: str
    commit: str
    #: The commit that was there before, or ``None``.
    before: str | None
    #: Files written and their bytes, and files removed.
    written: int
    bytes: int
    removed: int
    dry_run: bool


class ExportVerbs(ClientBase):
    """Taking whole commits to where others read them."""

    def export(
        self,
        address: str | Address,
        target: str | Path,
        *,
        dry_run: bool = False,
        force: bool = False,
        progress: Progress | None = None,
    ) -> ExportResult:
        """Mirror a commit, or a folder of it, to a folder or a bucket.

        What was exported there is remembered at the target, so the next export writes what differs,
        and removes what is gone. Files that no export wrote stay. One that was interrupted is
        completed by the next.

        Args:
            address: ``repo@ref``, or ``repo@ref:/folder``.
            target: a folder, or ``s3://bucket/prefix``; a bucket has neither links nor empty
                folders, so those are left out there.
            dry_run: write nothing, and tell what would be.
            force: use a target that holds another repo's or folder's export.
            progress: called with the numbers of files and of bytes done since the last call.

        Raises:
            NotFound: there is no such repo, ref or folder.
            Conflict: the target holds another repo's or folder's export.
            InvalidPath: a name cannot be kept on that disk.
            OutOfSpace, StoreUnavailable, AccessDenied: what the target says.
        """
        from datavc.versioning.export.state import ExportState
        from datavc.versioning.export.target import open_target

        located = self.locate(address)
        commit = self.transport.resolve(located.repo, str(located.ref))
        tree = self.transport.tree(located.repo, commit.id)
        prefix = f"{located.path.rstrip('/')}/" if located.path else ""
        if not is_folder(tree, prefix, self.nodes):
            raise NotFound(f"there is no folder '{located}'")
        if lookup(tree, prefix + STATE_NAME, self.nodes) is not None:
            raise InvalidPath(
                f"'/{prefix}{STATE_NAME}' cannot be exported: a file of that name says at the "
                "target what an export wrote",
                hint="export another folder, or use `datavc get`",
            )
        place = open_target(target, self.transport.objects)
        before = place.read_state() or ExportState(located.repo, None, prefix)
        if (before.repo, before.prefix) != (located.repo, prefix) and not force:
            raise Conflict(
                f"{str(target)!r} holds an export of {before.repo}:/{before.prefix}",
                hint="name another target, or use --force to replace that",
            )
        written, removed = self._files_to_export(before, tree, located.repo, prefix)
        if not dry_run:
            begun = tuple(dict.fromkeys((*before.under_way, commit.id)))
            if before.repo == located.repo and before.prefix == prefix:
                place.write_state(msgspec.structs.replace(before, under_way=begun))
            place.remove(removed)
            place.write(written, progress)
            place.write_state(ExportState(located.repo, commit.id, prefix))
        return ExportResult(
            str(target),
            commit.id,
            before.commit,
            len(written),
            sum(entry.size for _, entry in written),
            len(removed),
            dry_run,
        )

    def _files_to_export(
        self, before: ExportState, tree: TreeRef, repo: str, prefix: str
    ) -> tuple[list[tuple[str, Entry]], list[str]]:
        """What to write and to remove, whatever of earlier exports is there."""
        is_same_place = (before.repo, before.prefix) == (repo, prefix)
        wanted: dict[str, Entry | None] = {}
        for commit in (before.commit, *before.under_way):
            there = self._exported(before.repo, commit)
            if is_same_place:
                wanted |= self._difference(there, tree, prefix)
            else:
                wanted |= self._difference(there, EMPTY_TREE, before.prefix)
        if not is_same_place:
            wanted |= self._difference(EMPTY_TREE, tree, prefix)
        paths = sorted(wanted.items())
        written = [(path, entry) for path, entry in paths if entry is not None]
        return written, [path for path, entry in paths if entry is None]

    def _exported(self, repo: str, commit: str | None) -> TreeRef:
        """The tree of an earlier export; nothing is known of one that was given up."""
        if commit is None:
            return EMPTY_TREE
        try:
            return self.transport.tree(repo, commit)
        except (NotFound, Expired):
            return EMPTY_TREE

    def _difference(self, old: TreeRef, new: TreeRef, prefix: str) -> dict[str, Entry | None]:
        found = diff_trees(old, new, self.nodes, prefix)
        return {path[len(prefix) :]: entry for path, _, entry in found}
