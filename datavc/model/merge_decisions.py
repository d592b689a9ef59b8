"""What is to become of the paths that both sides of a merge changed."""

from __future__ import annotations

from dataclasses import dataclass

from datavc.model.change_set import StagedRecord
from datavc.model.tree.clash import MergeStrategy


@dataclass(frozen=True, slots=True)
class Decisions:
    """Whose side is taken, path by path."""

    #: Of all that is not named below; ``None`` leaves it open.
    strategy: MergeStrategy | None = None
    #: Files, folders or globs of which the branch's side is taken, and of which the other.
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    #: A stored change set of files that are taken instead of either side.
    content: StagedRecord | None = None

    @property
    def names_paths(self) -> bool:
        """Whether more is said than a strategy."""
        return bool(self.ours or self.theirs or self.content)


#: Whatever both sides changed stops the merge.
NO_DECISIONS = Decisions()
