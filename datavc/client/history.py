"""Verbs on staging, commits, differences and lineage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.errors import InvalidInput
from datavc.model.entry import EntryKind
from datavc.model.file_info import ChangeKind, DiffStats
from datavc.model.tree.diff import diff_trees, file_change
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.lookup import lookup
from datavc.store.external.record import read_external_uris

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datavc.client.transport import JobProgress
    from datavc.model.address import Address
    from datavc.model.commit import TreeRef
    from datavc.model.commit_info import CommitInfo, Lineage
    from datavc.model.entry import Change
    from datavc.model.file_info import FileChange
    from datavc.model.repo import Reset, StagedChange
    from datavc.model.tree.diff import Difference

#: Sources of external files are read so many at a time.
_BATCH = 512


@dataclass(frozen=True, slots=True)
class Status:
    """A branch and what is staged on it."""

    repo: str
    branch: str
    #: The branch's head, or ``None`` before its first commit.
    head: str | None
    #: The change sets put and not committed yet, oldest first.
    staged: tuple[StagedChange, ...]


class HistoryVerbs(ClientBase):
    """Commits: making them, and looking at them."""

    def commit(
        self,
        address: str | Address,
        message: str = "",
        *,
        allow_empty: bool = False,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> CommitInfo:
        """Commit all that is staged on a branch.

        Where pipelines run inline, those that the commit feeds run before this returns; a job
        that fails takes nothing back, and :meth:`list_jobs` with the commit's ``run_id`` tells.

        Args:
            address: ``repo`` or ``repo@branch``.
            message: why.
            allow_empty: make a commit although nothing is staged.
            run: run the pipelines that the commit feeds.
            progress: called as their jobs move on.

        Raises:
            NotFound: there is no such repo or branch.
            NothingStaged: there is nothing to commit, and *allow_empty* is not set.
            Conflict: the branch is written by a pipeline, or what is staged does not fit it.
        """
        located = self.locate_branch(address)
        commit = self.transport.commit(
            located.repo,
            located.ref.name,
            message,
            self.author,
            change_set=None,
            allow_empty=allow_empty,
        )
        if run:
            self.run_pipelines(commit, progress)
        return commit

    def commit_together(
        self,
        addresses: Sequence[str | Address],
        message: str = "",
        *,
        allow_empty: bool = False,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> list[CommitInfo]:
        """Commit what is staged on several branches, of any repos, at once or not at all.

        Each branch gets a commit of its own; whoever sees one of them sees all.

        Args:
            addresses: ``repo`` or ``repo@branch``, each once.
            message, allow_empty, run, progress: as for :meth:`commit`, for all of them.

        Raises:
            InvalidInput: there is no address, or one is named twice.
            NotFound, NothingStaged, Conflict: as :meth:`commit`, for any; nothing is committed.
        """
        located = [self.locate_branch(address) for address in addresses]
        targets = [(one.repo, one.ref.name) for one in located]
        made = self.transport.commit_together(
            targets, message, self.author, allow_empty=allow_empty
        )
        if run:
            for commit in made:
                self.run_pipelines(commit, progress)
        return made

    def status(self, address: str | Address) -> Status:
        """What is staged on a branch.

        Raises:
            NotFound: there is no such repo or branch.
        """
        located = self.locate_branch(address)
        branch = self.transport.get_branch(located.repo, located.ref.name)
        staged = self.transport.list_staged(located.repo, located.ref.name)
        return Status(located.repo, branch.name, branch.head, tuple(staged))

    def staged_changes(self, address: str | Address) -> Iterator[FileChange]:
        """What committing a branch's staging now would change, sorted by path.

        Raises:
            NotFound: there is no such repo or branch.
        """
        from datavc.versioning.branch_view import BranchView

        located = self.locate_branch(address)
        head = self.tree_at(located)
        records = self.transport.staged_records(located.repo, located.ref.name)
        return self._against(head, BranchView(head, self.nodes, records).staged_changes())

    def reset(self, address: str | Address) -> Reset:
        """Drop what is staged on a branch: all of it, or what is staged at a path and below.

        What is committed stays, and so does what others stage meanwhile.

        Args:
            address: ``repo@branch`` or ``repo@branch:/path``.

        Raises:
            NotFound: there is no such repo or branch.
            LostRace: others staged there time and again; nothing was dropped.
        """
        located = self.locate_branch(address)
        return self.transport.reset_staging(
            located.repo, located.ref.name, located.path, self.author
        )

    def resolve(self, address: str | Address) -> CommitInfo:
        """The commit that an address's ref stands for.

        Raises:
            NotFound: there is no such repo or ref, or the branch has no commit yet.
            Conflict: an id prefix fits several commits.
        """
        located = self.locate(address)
        return self.transport.resolve(located.repo, str(located.ref))

    def log(
        self,
        address: str | Address,
        *,
        limit: int = 100,
        author: str = "",
        text: str = "",
        since: str = "",
        until: str = "",
        without: str = "",
    ) -> Iterator[CommitInfo]:
        """A commit and its first parents, newest first; those alone that meet all that is set.

        Args:
            address: ``repo@ref``; with a path (a file, a folder or a glob), only commits that
                changed it.
            limit: give at most so many.
            author: a part of the author's name, or of the pipeline's.
            text: a part of the message.
            since, until: times such as ``2026-11-01`` (UTC) or ``2 days ago``.
            without: a ref of the repo: leave out all that it leads to.

        Raises:
            NotFound: there is no such repo or ref.
            InvalidInput: a time is none.
        """
        from datavc.model.log_filter import LogFilter

        located = self.locate(address)
        wanted = LogFilter(located.path, author, text, since, until, without)
        if wanted.is_empty:
            return self.transport.log(located.repo, str(located.ref), limit)
        return self.transport.filtered_log(located.repo, str(located.ref), wanted, limit)

    def diff(
        self,
        old: str | Address,
        new: str | Address | None = None,
        *,
        prefix: str = "",
        sources: bool = False,
    ) -> Iterator[FileChange]:
        """The files that two commits do not hold alike, sorted by path.

        Args:
            old: ``repo@ref``; with a path, only that file, or the files below it.
            new: the later side, also of another repo; without one *old* is the later side, and
                its first parent (or nothing, for a first commit) the earlier.
            prefix: only files whose path starts so.
            sources: tell where external files lie, too.

        Raises:
            NotFound: a repo or ref does not exist.
            InvalidInput: the two addresses have different paths.
        """
        found = self.differences(old, new, prefix=prefix)
        if sources:
            return self._with_sources_told(found)
        return (file_change(path, left, right) for path, left, right in found)

    def differences(
        self, old: str | Address, new: str | Address | None = None, *, prefix: str = ""
    ) -> Iterator[Difference]:
        """As :meth:`diff`, with the entries of both sides."""
        before = self.locate(old)
        if new is None:
            commit = self.transport.resolve(before.repo, str(before.ref))
            after_tree = self.transport.tree(before.repo, commit.id)
            before_tree = (
                self.transport.tree(before.repo, commit.parents[0])
                if commit.parents
                else EMPTY_TREE
            )
            paths = {before.path}
        else:
            after = self.locate(new)
            before_tree, after_tree = self.tree_at(before), self.tree_at(after)
            paths = {before.path, after.path}
        if len(paths - {""}) > 1:
            raise InvalidInput(
                "the two addresses have different paths", hint="give the path once, or twice alike"
            )
        wanted = max(paths)
        found = diff_trees(before_tree, after_tree, self.nodes, prefix or wanted)
        inside = f"{wanted.rstrip('/')}/" if wanted else ""
        return (one for one in found if f"{one[0]}/".startswith(inside))

    def lineage(self, address: str | Address, *, direction: str = "upstream") -> Lineage:
        """The commits that a commit was made from, or with ``downstream`` was used for.

        Raises:
            NotFound: there is no such repo or ref.
            InvalidInput: *direction* is neither ``upstream`` nor ``downstream``.
        """
        if direction not in ("upstream", "downstream"):
            raise InvalidInput(
                f"{direction!r} is not a direction", hint="use upstream or downstream"
            )
        located = self.locate(address)
        return self.transport.lineage(located.repo, str(located.ref), direction)

    def _with_sources_told(self, found: Iterator[Difference]) -> Iterator[FileChange]:
        while batch := list(islice(found, _BATCH)):
            sides = ((path, new or old) for path, old, new in batch)
            external = {
                path: entry
                for path, entry in sides
                if entry is not None and entry.kind is EntryKind.EXTERNAL
            }
            sources = read_external_uris(self.transport.objects, external)
            for path, old, new in batch:
                yield replace(file_change(path, old, new), source=sources.get(path, ""))

    def _against(self, head: TreeRef, changes: Iterator[Change]) -> Iterator[FileChange]:
        for path, new in changes:
            old = lookup(head, path, self.nodes)
            same = old is None if new is None else new.same_content(old)
            if not same:
                yield file_change(path, old, new)


def count_changes(changes: Iterator[FileChange]) -> DiffStats:
    """The totals of a diff."""
    counts = dict.fromkeys(ChangeKind, 0)
    grown = shrunk = 0
    for change in changes:
        counts[change.kind] += 1
        grown += change.new_size or 0
        shrunk += change.old_size or 0
    return DiffStats(
        added=counts[ChangeKind.ADDED],
        removed=counts[ChangeKind.REMOVED],
        modified=counts[ChangeKind.MODIFIED],
        bytes_added=grown,
        bytes_removed=shrunk,
    )
