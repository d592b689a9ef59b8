"""Verb that mirrors a commit to a folder or a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.errors import NotFound
from datavc.model.tree.lookup import is_folder

if TYPE_CHECKING:
    from pathlib import Path

    from datavc.model.address import Address
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
        from datavc.versioning.export.mirror import MirrorSource, plan_mirror
        from datavc.versioning.export.target import open_target

        located = self.locate(address)
        commit = self.transport.resolve(located.repo, str(located.ref))
        tree = self.transport.tree(located.repo, commit.id)
        prefix = f"{located.path.rstrip('/')}/" if located.path else ""
        if not is_folder(tree, prefix, self.nodes):
            raise NotFound(f"there is no folder '{located}'")
        place = open_target(target, self.transport.objects)
        source = MirrorSource(
            located.repo, commit.id, tree, prefix, self.nodes, self.transport.tree
        )
        plan = plan_mirror(source, place, str(target), force=force)
        if not dry_run:
            plan.carry_out(place, progress)
        return ExportResult(
            str(target),
            commit.id,
            plan.before.commit,
            len(plan.written),
            sum(entry.size for _, entry in plan.written),
            len(plan.removed),
            dry_run,
        )
