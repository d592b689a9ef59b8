"""A working copy: a folder that holds a commit's files, to be changed and committed back."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from datavc.client.copied_ref import check_prefix, settle_ref
from datavc.errors import (
    Collected,
    Conflict,
    InvalidPath,
    LostRace,
    NotFound,
    NothingStaged,
)
from datavc.model.file_info import ChangeKind
from datavc.model.tree.diff import diff_trees
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.lookup import lookup
from datavc.model.tree.scan import scan
from datavc.model.working_copy import CopyChange, CopyStatus, CopyUpdate
from datavc.versioning.branch_view import BranchView
from datavc.versioning.local_folder import reading_since
from datavc.versioning.stat_cache import StatCache
from datavc.versioning.working_copy.carry_over import carry_over, touched_names
from datavc.versioning.working_copy.comparison import Comparison, tree_mark
from datavc.versioning.working_copy.copy_state import (
    STATE_FOLDER,
    locked,
    read_state,
    write_state,
)
from datavc.versioning.working_copy.leftovers import find_leftovers
from datavc.versioning.working_copy.name_check import check_names
from datavc.versioning.working_copy.store_changes import store_changes
from datavc.versioning.working_copy.update import UpdatePlan, apply_update, plan_update

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datavc.client.base import ClientBase
    from datavc.client.transport import JobProgress
    from datavc.model.commit import TreeRef
    from datavc.model.commit_info import CommitInfo
    from datavc.versioning.restore import Progress
    from datavc.versioning.stat_cache import StatCacheReader, StatCacheWriter
    from datavc.versioning.working_copy.comparison import LocalChange
    from datavc.versioning.working_copy.copy_state import CopyState

#: A commit whose content was taken for garbage before it landed is made anew so often at most.
_TRIES = 3


class WorkingCopy:
    """A folder with a commit's files. Use :meth:`WorkingCopyVerbs.working_copy` to get one.

    Every method raises :class:`~datavc.errors.Conflict` while another one is at work in the folder.
    """

    def __init__(self, client: ClientBase, root: Path) -> None:
        self.root = root
        self._client = client
        self._trees: dict[str, TreeRef] = {}
        state = read_state(root)
        if not state.is_of(client.transport.address):
            raise Conflict(
                f"{str(root)!r} holds files of another datavc: {state.place}",
                hint="name that one with --home or --url",
            )

    @property
    def name(self) -> str:
        """What is checked out, as ``repo@ref``."""
        state = read_state(self.root)
        return f"{state.repo}@{state.ref}"

    def status(self) -> CopyStatus:
        """What was changed in the folder, and whether the ref has moved on.

        Raises:
            SourceUnreadable: something in the folder cannot be read.
            NotFound: the repo or the ref is gone.
        """
        with locked(self.root):
            state = read_state(self.root)
            changes = self._changes(state)
        head = self._resolve(state)
        return CopyStatus(
            str(self.root),
            state.repo,
            state.ref,
            state.is_branch,
            state.prefix.rstrip("/"),
            state.commit,
            head if head != state.commit else None,
            tuple(CopyChange(change.path, change.kind) for change in changes),
        )

    def commit(
        self,
        message: str = "",
        *,
        run: bool = True,
        progress: Progress | None = None,
        job_progress: JobProgress | None = None,
    ) -> CommitInfo:
        """Commit what was changed in the folder, and nothing else.

        Args:
            message: why.
            run: run the pipelines that the commit feeds, where they run inline.
            progress: called with the numbers of files and of bytes done since the last call.
            job_progress: called as jobs move on.

        Raises:
            NothingStaged: nothing was changed.
            LostRace: the branch has moved on; pull first.
            Conflict: what is checked out is no branch, or a pipeline writes it.
            SourceUnreadable: a file changed while it was read.
        """
        with locked(self.root):
            state = self.settled_state()
            if not state.is_branch:
                raise Conflict(
                    f"'{state.ref}' of repo {state.repo!r} is no branch that can be committed to",
                    hint="`datavc switch -c NAME` makes one from here",
                )
            if self._resolve(state) != state.commit:
                raise LostRace(
                    f"{state.repo}@{state.ref} has moved on since it was checked out",
                    hint="run `datavc pull`, then commit again",
                )
            commit = self._commit(state, message, progress)
            done = msgspec.structs.replace(state, commit=commit.id)
            write_state(self.root, done)
            self._carry_over(state, done)
        if run:
            self._client.run_pipelines(commit, job_progress)
        return commit

    def pull(self, *, force: bool = False, progress: Progress | None = None) -> CopyUpdate:
        """Bring in what the ref stands for by now, and keep what was changed in the folder.

        Args:
            force: give up changes in the folder that stand in the way.
            progress: called with the numbers of files and of bytes done since the last call.

        Raises:
            NotFound: the repo or the ref is gone.
            InvalidPath: a name cannot be held by the file system; nothing was done.
        """
        with locked(self.root):
            return self._update(read_state(self.root), force=force, progress=progress)

    def switch(
        self, ref: str, *, force: bool = False, progress: Progress | None = None
    ) -> CopyUpdate:
        """Bring the folder to another ref, and keep what was changed in it.

        Args:
            ref: a branch, a tag, a commit id, or what else names a commit of the repo.
            force, progress: as for :meth:`pull`.

        Raises:
            NotFound: there is no such ref.
            InvalidPath: a name cannot be held by the file system; nothing was done.
        """
        with locked(self.root):
            state = read_state(self.root)
            settled, commits = settle_ref(self._client, state.repo, ref)
            wanted = msgspec.structs.replace(state, ref=settled, is_branch=commits)
            return self._update(wanted, force=force, progress=progress)

    def restore(self, paths: Sequence[str] = (), *, progress: Progress | None = None) -> CopyUpdate:
        """Bring files back as they are in the commit. Files that it does not hold stay.

        Args:
            paths: files and folders, relative to the working copy; without any, all of it.
            progress: called with the numbers of files and of bytes done since the last call.

        Raises:
            NotFound: neither the folder nor the commit has anything changed there.
        """
        with locked(self.root):
            state = self.settled_state()
            tree = self._tree(state, state.commit)
            lost = [
                change
                for change in self._changes(state)
                if change.kind is not ChangeKind.ADDED and _is_among(change.path, paths)
            ]
            if paths and not lost:
                raise NotFound(f"nothing is changed or removed at {', '.join(paths)}")
            nodes = self._client.nodes
            written = [
                (change.path, entry)
                for change in lost
                if (entry := lookup(tree, state.prefix + change.path, nodes)) is not None
            ]
            plan = UpdatePlan(removed=(), written=tuple(written), conflicts=())
            objects = self._client.transport.objects
            apply_update(self.root, plan, tree, state.prefix, nodes, objects, progress)
            return CopyUpdate(str(self.root), state.ref, state.commit, len(written), 0, ())

    def create_branch(self, name: str) -> None:
        """Make a branch of the commit that the folder was made from.

        Raises:
            AlreadyExists: there is one of that name.
        """
        state = self.settled_state()
        self._client.transport.create_branch(state.repo, name, state.commit, self._client.author)

    def relative(self, paths: Sequence[str | Path]) -> list[str]:
        """Paths as this process would open them, as paths in the working copy.

        Raises:
            InvalidPath: one lies outside of it.
        """
        found: list[str] = []
        for path in paths:
            full = Path(os.path.abspath(path))  # noqa: PTH100 - a link is not to be followed
            if not full.is_relative_to(self.root):
                raise InvalidPath(f"{str(path)!r} is not in the working copy {str(self.root)!r}")
            found.append(full.relative_to(self.root).as_posix())
        return [] if "." in found else found

    def settled_state(self) -> CopyState:
        """What the working copy knows of itself.

        Raises:
            Conflict: an update was interrupted.
        """
        state = read_state(self.root)
        if state.under_way:
            raise Conflict(
                f"a checkout, pull or switch of {str(self.root)!r} was interrupted",
                hint="complete it by doing it again, or go back with `datavc pull`",
            )
        return state

    def _commit(self, state: CopyState, message: str, progress: Progress | None) -> CommitInfo:
        transport = self._client.transport
        view = BranchView(self._tree(state, state.commit), self._client.nodes)
        for _ in range(_TRIES):
            changes = self._changes(state)
            if not changes:
                raise NothingStaged(f"nothing is changed in {str(self.root)!r}")
            record = store_changes(
                changes,
                state.prefix,
                view,
                transport.objects,
                transport.chunks,
                progress=progress,
            )
            if record is None:
                raise NothingStaged(f"nothing is changed in {str(self.root)!r}")
            try:
                return transport.commit(
                    state.repo,
                    state.ref,
                    message,
                    self._client.author,
                    change_set=record,
                    allow_empty=False,
                    expected_head=state.commit or "",
                )
            except Collected:
                continue
        raise LostRace("what was changed was collected time and again; commit again")

    def _update(self, wanted: CopyState, *, force: bool, progress: Progress | None) -> CopyUpdate:
        target = self._resolve(wanted)
        before = read_state(self.root)
        old = self._tree(before, before.commit)
        new = self._tree(wanted, target)
        nodes = self._client.nodes
        check_prefix(wanted, new, self._client)
        local = {change.path: change for change in self._changes(before)}
        objects = self._client.transport.objects
        under_way = [self._tree(before, commit) for commit in before.under_way]
        left = find_leftovers(old, under_way, wanted.prefix, nodes, objects, local)
        plan = plan_update(
            old, new, wanted.prefix, nodes, local, left, objects=objects, force=force
        )
        if not plan.conflicts:
            cut = len(wanted.prefix)
            check_names(
                self.root,
                (path for path, _ in plan.written),
                lambda: (path[cut:] for path, _ in scan(new, nodes, wanted.prefix)),
            )
            if target is not None and target not in before.under_way:
                begun = (*before.under_way, target)
                write_state(self.root, msgspec.structs.replace(before, under_way=begun))
            apply_update(self.root, plan, new, wanted.prefix, nodes, objects, progress)
            done = msgspec.structs.replace(wanted, commit=target, under_way=())
            write_state(self.root, done)
            self._carry_over(before, done)
        return CopyUpdate(
            str(self.root),
            wanted.ref,
            target,
            len(plan.written),
            len(plan.removed),
            plan.conflicts,
        )

    def _carry_over(self, before: CopyState, after: CopyState) -> None:
        if before.prefix != after.prefix:
            return
        old, new = self._tree(before, before.commit), self._tree(after, after.commit)
        prefix = after.prefix
        changed = diff_trees(old, new, self._client.nodes, prefix)
        touched = touched_names(path[len(prefix) :] for path, _, _ in changed)
        cache = StatCache(self.root / STATE_FOLDER, self.root, "")
        carry_over(cache, tree_mark(old, prefix), tree_mark(new, prefix), touched)

    def _changes(self, state: CopyState) -> list[LocalChange]:
        tree = self._tree(state, state.commit)
        with _remembered(self.root) as (old, new):
            objects = self._client.transport.objects
            comparison = Comparison(
                self.root, tree, state.prefix, self._client.nodes, objects, old, new
            )
            return list(comparison.changes())

    def _resolve(self, state: CopyState) -> str | None:
        transport = self._client.transport
        if state.is_branch:
            return transport.get_branch(state.repo, state.ref).head
        return transport.resolve(state.repo, state.ref).id

    def _tree(self, state: CopyState, commit: str | None) -> TreeRef:
        if commit is None:
            return EMPTY_TREE
        if commit not in self._trees:
            self._trees[commit] = self._client.transport.tree(state.repo, commit)
        return self._trees[commit]


@contextmanager
def _remembered(root: Path) -> Iterator[tuple[StatCacheReader, StatCacheWriter]]:
    cache = StatCache(root / STATE_FOLDER, root, "")
    old, new = cache.read(), cache.write(reading_since())
    try:
        yield old, new
        new.close()
    except BaseException:
        new.abort()
        raise
    finally:
        old.close()


def _is_among(path: str, wanted: Sequence[str]) -> bool:
    if not wanted:
        return True
    return any(
        path.rstrip("/") == one.rstrip("/") or path.startswith(f"{one.rstrip('/')}/")
        for one in (each.removeprefix("./") for each in wanted)
    )
