"""Verb that lets a branch hold files which stay where they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datavc.client.puts import PutVerbs
from datavc.errors import Collected
from datavc.model.link_handling import LinkHandling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datavc.client.transport import JobProgress
    from datavc.model.address import Address
    from datavc.versioning.elsewhere.import_files import Imported, ImportPlan
    from datavc.versioning.local_files import Progress

#: An import whose descriptions were taken for garbage before it landed is made anew.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What one import did, or would."""

    #: Files found, and their bytes, which stay where they are.
    files: int
    bytes: int
    #: Files among them that the branch holds in that version already.
    unchanged: int
    #: Files that were taken out of the branch, as they are gone at the source.
    removed: int
    #: The staged change set's id, or ``None`` when committed at once or nothing changed.
    staged: int | None
    #: The commit made with a message, or ``None``.
    commit: str | None
    dry_run: bool


class ImportVerbs(PutVerbs):
    """Files that lie elsewhere."""

    def import_external(
        self,
        sources: str | Path | Sequence[str | Path],
        address: str | Address,
        *,
        message: str | None = None,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        delete: bool = False,
        links: LinkHandling = LinkHandling.REFUSE,
        dry_run: bool = False,
        run: bool = True,
        progress: Progress | None = None,
        job_progress: JobProgress | None = None,
    ) -> ImportResult:
        """Let a branch hold files that stay where they are; none of their content is copied.

        What is kept of each is where it lies, its size, and which version of it is meant: an
        object's ETag, and its version in a bucket that keeps versions; a local file's time of last
        change; a web server's ETag or ``Last-Modified``. Whoever reads such a file reads its
        source, with credentials of their own; a source that is gone or has changed is an error.

        Paths are given as by :meth:`put`. Files that the branch holds in the version that is there
        are left out, so importing again costs as much as listing the source.

        Args:
            sources: folders, files, ``s3://bucket/prefix``, and ``https://`` or ``http://`` files.
            address: ``repo``, ``repo@branch`` or ``repo@branch:/path``.
            message: commit with it, leaving alone what else is staged.
            include, exclude: patterns as in ``.gitignore``, of paths below a source.
            delete: take external files of these sources out of the branch that are gone there.
            links: what becomes of symbolic links in a folder; they cannot be kept as links.
            dry_run: change nothing, and tell what would be.
            run: run the pipelines that the commit feeds, where they run inline.
            progress: called with the numbers of files and of bytes found since the last call.
            job_progress: called as jobs move on.

        Raises:
            NotFound: there is nothing at a source, or no such repo or branch.
            InvalidInput: a source or a pattern is malformed, or a source holds credentials.
            SourceUnreadable: a source cannot be looked at, or tells nothing that pins its version.
            AccessDenied, StoreUnavailable: what a source's server says.
            Conflict: two sources give the same path, or the branch is written by a pipeline.
        """
        from datavc.versioning.elsewhere.import_files import ImportPlan
        from datavc.versioning.elsewhere.path_filter import PathFilter
        from datavc.versioning.elsewhere.plan import plan_elsewhere

        located = self.locate_branch(address)
        access = self.transport.objects.sources
        names = [sources] if isinstance(sources, (str, Path)) else list(sources)
        tree = self.tree_at(located) if located.path else None
        inside = tree is not None and self._is_folder(located, tree)
        planned = plan_elsewhere(names, located.path, access, target_is_folder=inside)
        plan = ImportPlan(planned, PathFilter(include, exclude), links, delete)
        for _ in range(_TRIES - 1):
            try:
                return self._import(plan, located, message, dry_run, run, progress, job_progress)
            except Collected:
                continue
        return self._import(plan, located, message, dry_run, run, progress, job_progress)

    def _import(
        self,
        plan: ImportPlan,
        located: Address,
        message: str | None,
        dry_run: bool,
        run: bool,
        progress: Progress | None,
        job_progress: JobProgress | None,
    ) -> ImportResult:
        from datavc.versioning.elsewhere.import_files import import_files

        branch = self.transport.get_branch(located.repo, located.ref.name)
        view = self._view(branch, with_staging=message is None)
        objects, chunks = self.transport.objects, self.transport.chunks
        done = import_files(
            plan, view, objects, chunks, self.nodes, dry_run=dry_run, progress=progress
        )
        if done.record is None:
            return _result(done, dry_run=dry_run)
        if message is None:
            staged = self.transport.stage(branch.repo, branch.name, done.record, self.author)
            return _result(done, staged=staged.id)
        commit = self.transport.commit(
            branch.repo,
            branch.name,
            message,
            self.author,
            change_set=done.record,
            allow_empty=False,
        )
        if run:
            self.run_pipelines(commit, job_progress)
        return _result(done, commit=commit.id)


def _result(
    done: Imported,
    *,
    staged: int | None = None,
    commit: str | None = None,
    dry_run: bool = False,
) -> ImportResult:
    return ImportResult(
        done.files, done.bytes, done.unchanged, done.removed, staged, commit, dry_run
    )
