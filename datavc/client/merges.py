"""Verbs that bring changes from elsewhere into a branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.base import ClientBase

if TYPE_CHECKING:
    from datavc.client.transport import JobProgress
    from datavc.model.address import Address
    from datavc.model.merge_info import MergeInfo, MergeStrategy


class MergeVerbs(ClientBase):
    """Merge, revert, cherry-pick."""

    def merge(
        self,
        source: str | Address,
        branch: str,
        message: str = "",
        *,
        strategy: MergeStrategy | str | None = None,
        fast_forward: bool = True,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> MergeInfo:
        """Bring what a ref has changed, since the two parted, into a branch of the same repo.

        Without a strategy, paths that both sides changed stop it: nothing is changed, the outcome
        is ``conflict``, and the paths are told.

        Args:
            source: ``repo@ref``.
            branch: the branch that is changed.
            message: of the merge commit.
            strategy: ``ours`` (the branch's) or ``theirs``: whose side is taken in a conflict.
            fast_forward: move the branch where it has nothing of its own, rather than commit.
            run: run the pipelines that it feeds, where they run inline.
            progress: called as their jobs move on.

        Raises:
            NotFound: there is no such repo, ref or branch.
            PathConflict: one side made a file where the other made a folder.
            Conflict: the branch is written by a pipeline.
        """
        located = self.locate(source)
        done = self.transport.merge(
            located.repo,
            branch,
            str(located.ref),
            message,
            self.author,
            strategy=_strategy(strategy),
            fast_forward=fast_forward,
        )
        return self._land_merge(done, run, progress)

    def revert(
        self,
        branch: str | Address,
        ref: str,
        message: str = "",
        *,
        strategy: MergeStrategy | str | None = None,
        mainline: int | None = None,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> MergeInfo:
        """Take back on a branch what one commit has changed; what came after it stays.

        Args:
            branch: ``repo@branch``.
            ref: the commit, in the same repo.
            message: of the new commit.
            strategy: whose side is taken where a path was changed again since.
            mainline: which parent (1 = first) a merge commit is compared with.
            run: run the pipelines that it feeds, where they run inline.
            progress: called as their jobs move on.

        Raises:
            InvalidInput: it is a merge commit, and *mainline* is not given.
            NothingStaged: it is taken back already.
            NotFound, PathConflict, Conflict: as :meth:`merge`.
        """
        located = self.locate_branch(branch)
        done = self.transport.revert(
            located.repo,
            located.ref.name,
            ref,
            message,
            self.author,
            strategy=_strategy(strategy),
            mainline=mainline,
        )
        return self._land_merge(done, run, progress)

    def cherry_pick(
        self,
        source: str | Address,
        branch: str | Address,
        message: str = "",
        *,
        strategy: MergeStrategy | str | None = None,
        mainline: int | None = None,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> MergeInfo:
        """Do on a branch what one commit, of this or of another repo, has changed there.

        Args:
            source: ``repo@ref``: the commit.
            branch: ``repo@branch`` that is changed.
            message: of the new commit; else that of the old one, and its id.
            strategy: whose side is taken where the branch has changed a path, too.
            mainline: which parent (1 = first) a merge commit is compared with.
            run: run the pipelines that it feeds, where they run inline.
            progress: called as their jobs move on.

        Raises:
            InvalidInput, NothingStaged, NotFound, PathConflict, Conflict: as :meth:`revert`.
        """
        located, target = self.locate(source), self.locate_branch(branch)
        done = self.transport.cherry_pick(
            target.repo,
            target.ref.name,
            located.repo,
            str(located.ref),
            message,
            self.author,
            strategy=_strategy(strategy),
            mainline=mainline,
        )
        return self._land_merge(done, run, progress)

    def _land_merge(self, done: MergeInfo, run: bool, progress: JobProgress | None) -> MergeInfo:
        if run:
            self.run_pipelines(done, progress)
        return done


def _strategy(strategy: MergeStrategy | str | None) -> MergeStrategy | None:
    from datavc.model.merge_info import MergeStrategy

    return None if strategy is None else MergeStrategy(strategy)
