"""Verb that removes files from a branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.client.files import nothing_at
from datavc.errors import InvalidInput
from datavc.model.glob import Glob
from datavc.model.tree.glob_tree import glob_tree
from datavc.model.tree.lookup import find_file, is_folder
from datavc.model.tree.scan import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datavc.client.transport import JobProgress
    from datavc.model.address import Address
    from datavc.model.change_set import StagedRecord
    from datavc.model.commit import TreeRef


@dataclass(frozen=True, slots=True)
class RemoveResult:
    """What one ``remove`` did."""

    #: Files removed.
    files: int
    #: The staged change set's id, or ``None`` when committed at once.
    staged: int | None
    #: The commit made with a message, or ``None``.
    commit: str | None


class RemoveVerbs(ClientBase):
    """Taking files out of a branch."""

    def remove(
        self,
        address: str | Address,
        *,
        recursive: bool = False,
        message: str | None = None,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> RemoveResult:
        """Remove files from a branch: staged, or committed at once with a message.

        Args:
            address: ``repo@branch:/path``; the path may be a glob.
            recursive: remove folders with all they hold.
            message: commit with it, leaving alone what else is staged.
            run: run the pipelines that the commit feeds, where they run inline.
            progress: called as their jobs move on.

        Raises:
            NotFound: there is no such repo or branch, or nothing at that path.
            InvalidInput: it is a folder, and *recursive* is not set.
            Conflict: the branch is written by a pipeline.
        """
        located = self.locate_branch(address)
        branch = located.ref.name
        doomed = sorted(self._doomed(located, recursive=recursive))
        if not doomed:
            raise nothing_at(located)
        record = self._store_removals(doomed)
        if message is None:
            staged = self.transport.stage(located.repo, branch, record, self.author)
            return RemoveResult(len(doomed), staged.id, None)
        commit = self.transport.commit(
            located.repo, branch, message, self.author, change_set=record, allow_empty=False
        )
        if run:
            self.run_pipelines(commit, progress)
        return RemoveResult(len(doomed), None, commit.id)

    def _store_removals(self, paths: list[str]) -> StagedRecord:
        from datavc.model.change_set import ChangeSetWriter
        from datavc.versioning.nodes import SessionSink

        with self.transport.objects.session(self.transport.chunks) as session:
            writer = ChangeSetWriter(SessionSink(session))
            for path in paths:
                writer.add(path, None)
            record = writer.finish()
            session.finish()
        return record

    def _doomed(self, located: Address, *, recursive: bool) -> set[str]:
        """The files that an address means, in the branch's head and in its staging."""
        from datavc.versioning.branch_view import BranchView

        tree = self.tree_at(located)
        path = located.path.rstrip("/")
        matches = _matcher(path, recursive=recursive)
        doomed = set(self._in_tree(tree, path, recursive=recursive))
        records = self.transport.staged_records(located.repo, located.ref.name)
        for changed, entry in BranchView(tree, self.nodes, records).staged_changes():
            if entry is None:
                doomed.discard(changed)
            elif matches(changed):
                doomed.add(changed)
            elif not recursive and path and changed.startswith(f"{path}/"):
                raise _folder(path)
        return doomed

    def _in_tree(self, tree: TreeRef, path: str, *, recursive: bool) -> Iterator[str]:
        if find_file(tree, path, self.nodes) is not None:
            yield path
        elif is_folder(tree, path, self.nodes):
            if not recursive:
                raise _folder(path)
            yield from (found for found, _ in scan(tree, self.nodes, f"{path}/" if path else ""))
        elif not Glob(path).is_literal:
            for found, entry in glob_tree(tree, self.nodes, path):
                if entry is not None:
                    yield found
                elif recursive:
                    yield from (below for below, _ in scan(tree, self.nodes, f"{found}/"))


def _folder(path: str) -> InvalidInput:
    return InvalidInput(f"'/{path}' is a folder", hint="remove it with -r (recursive)")


def _matcher(path: str, *, recursive: bool) -> Callable[[str], bool]:
    """Whether a file's path is meant by *path*, which may be a folder or a glob."""
    if not path:
        return lambda _: recursive
    glob = Glob(path)

    def matches(candidate: str) -> bool:
        if candidate == path or glob.match(candidate) is not None:
            return True
        if not recursive:
            return False
        parts = candidate.split("/")[:-1]
        folders = ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        return any(folder == path or glob.match(folder) is not None for folder in folders)

    return matches
