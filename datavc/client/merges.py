"""Verbs that bring changes from elsewhere into a branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.errors import Collected, InvalidInput
from datavc.model.merge_decisions import Decisions
from datavc.model.name import clean_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from datavc.client.branch_write import Content
    from datavc.client.transport import JobProgress
    from datavc.model.address import Address
    from datavc.model.merge_info import MergeInfo
    from datavc.model.tree.clash import MergeStrategy


class MergeVerbs(ClientBase):
    """Merge, revert, cherry-pick."""

    def merge_base(self, left: str | Address, right: str | Address) -> str | None:
        """The id of the newest commit that two refs of a repo come from.

        Args:
            left, right: ``repo@ref``.

        Returns:
            The commit's id, or ``None`` where they have nothing in common.

        Raises:
            NotFound: there is no such repo or ref.
            InvalidInput: they are of different repos.
        """
        one, other = self.locate(left), self.locate(right)
        if one.repo != other.repo:
            raise InvalidInput(f"{one.repo!r} and {other.repo!r} have no history in common")
        return self.transport.merge_base(one.repo, str(one.ref), str(other.ref))

    def merge(
        self,
        source: str | Address,
        branch: str,
        message: str = "",
        *,
        strategy: MergeStrategy | str | None = None,
        ours: Collection[str] = (),
        theirs: Collection[str] = (),
        content: Mapping[str, Content] | None = None,
        fast_forward: bool = True,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> MergeInfo:
        """Bring what a ref has changed, since the two parted, into a branch of the same repo.

        Paths that both sides changed, and that are not decided, stop it: nothing is changed, the
        outcome is ``conflict``, and the paths are told.

        Args:
            source: ``repo@ref``.
            branch: the branch that is changed.
            message: of the merge commit.
            strategy: ``ours`` (the branch's) or ``theirs``: whose side is taken in a conflict.
            ours: files, folders and globs of which the branch's side is taken, whatever the
                strategy.
            theirs: those of which the other side is taken.
            content: files that are taken instead of either side, by path.
            fast_forward: move the branch where it has nothing of its own, rather than commit.
            run: run the pipelines that it feeds, where they run inline.
            progress: called as their jobs move on.

        Raises:
            NotFound: there is no such repo, ref or branch; or a path is decided that is not in
                conflict.
            InvalidInput: a path is decided twice, and differently.
            Conflict: the branch is written by a pipeline.
        """
        located = self.locate(source)

        def act(decisions: Decisions) -> MergeInfo:
            return self.transport.merge(
                located.repo,
                branch,
                str(located.ref),
                message,
                self.author,
                decisions=decisions,
                fast_forward=fast_forward,
            )

        done = self._decided(act, strategy, ours, theirs, content)
        return self._land_merge(done, run, progress)

    def revert(
        self,
        branch: str | Address,
        ref: str,
        message: str = "",
        *,
        strategy: MergeStrategy | str | None = None,
        ours: Collection[str] = (),
        theirs: Collection[str] = (),
        content: Mapping[str, Content] | None = None,
        mainline: int | None = None,
        run: bool = True,
        progress: JobProgress | None = None,
    ) -> MergeInfo:
        """Take back on a branch what one commit has changed; what came after it stays.

        Args:
            branch: ``repo@branch``.
            ref: the commit, in the same repo.
            message: of the new commit.
            strategy: whose side is taken where a path was changed again since: ``ours`` keeps it
                as it is, ``theirs`` brings back what was before the commit.
            ours, theirs, content: as for :meth:`merge`.
            mainline: which parent (1 = first) a merge commit is compared with.
            run: run the pipelines that it feeds, where they run inline.
            progress: called as their jobs move on.

        Raises:
            InvalidInput: it is a merge commit, and *mainline* is not given.
            NothingStaged: it is taken back already.
            NotFound, InvalidInput, Conflict: as :meth:`merge`.
        """
        located = self.locate_branch(branch)

        def act(decisions: Decisions) -> MergeInfo:
            return self.transport.revert(
                located.repo,
                located.ref.name,
                ref,
                message,
                self.author,
                decisions=decisions,
                mainline=mainline,
            )

        done = self._decided(act, strategy, ours, theirs, content)
        return self._land_merge(done, run, progress)

    def cherry_pick(
        self,
        source: str | Address,
        branch: str | Address,
        message: str = "",
        *,
        strategy: MergeStrategy | str | None = None,
        ours: Collection[str] = (),
        theirs: Collection[str] = (),
        content: Mapping[str, Content] | None = None,
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
            ours, theirs, content: as for :meth:`merge`.
            mainline: which parent (1 = first) a merge commit is compared with.
            run: run the pipelines that it feeds, where they run inline.
            progress: called as their jobs move on.

        Raises:
            InvalidInput, NothingStaged, NotFound, Conflict: as :meth:`revert`.
        """
        located, target = self.locate(source), self.locate_branch(branch)

        def act(decisions: Decisions) -> MergeInfo:
            return self.transport.cherry_pick(
                target.repo,
                target.ref.name,
                located.repo,
                str(located.ref),
                message,
                self.author,
                decisions=decisions,
                mainline=mainline,
            )

        done = self._decided(act, strategy, ours, theirs, content)
        return self._land_merge(done, run, progress)

    def _decided(
        self,
        act: Callable[[Decisions], MergeInfo],
        strategy: MergeStrategy | str | None,
        ours: Collection[str],
        theirs: Collection[str],
        content: Mapping[str, Content] | None,
    ) -> MergeInfo:
        from datavc.client.branch_write import store_contents

        chosen = _strategy(strategy)
        files = {clean_path(path): data for path, data in (content or {}).items()}

        def attempt(*, again: bool) -> MergeInfo:
            record = store_contents(self, files, again=again) if files else None
            return act(Decisions(chosen, tuple(ours), tuple(theirs), record))

        try:
            return attempt(again=False)
        except Collected:
            return attempt(again=True)

    def _land_merge(self, done: MergeInfo, run: bool, progress: JobProgress | None) -> MergeInfo:
        if run:
            self.run_pipelines(done, progress)
        return done


def _strategy(strategy: MergeStrategy | str | None) -> MergeStrategy | None:
    from datavc.model.tree.clash import MergeStrategy

    try:
        return None if strategy is None else MergeStrategy(strategy)
    except ValueError:
        raise InvalidInput(f"strategy {strategy!r} is neither ours nor theirs") from None
