"""Deciding the conflicts of a merge as somebody said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datavc.errors import InvalidInput, NotFound
from datavc.model.entry import Entry
from datavc.model.glob import Glob
from datavc.model.merge_decisions import Decisions
from datavc.model.name import clean_prefix
from datavc.model.tree.clash import Decision, MergeStrategy, PathClash


class Decider:
    """Decides clash by clash, and remembers what was named in vain.

    Args:
        decisions: whose side is taken.
        contents: the files of its change set, by path.

    Raises:
        InvalidInput, InvalidPath: a path or a glob is malformed.
    """

    def __init__(self, decisions: Decisions, contents: Mapping[str, Entry]) -> None:
        self._strategy = decisions.strategy
        self._contents = contents
        self._sides = [
            *((_Pattern(path), MergeStrategy.OURS) for path in decisions.ours),
            *((_Pattern(path), MergeStrategy.THEIRS) for path in decisions.theirs),
        ]
        self._unused: set[str] = set()
        self.begin()

    def begin(self) -> None:
        """Forget what was asked: a merge is made from the start."""
        self._unused = {pattern.text for pattern, _ in self._sides}.union(self._contents)

    def __call__(self, clash: PathClash) -> Decision | None:
        """What becomes of a clash.

        Raises:
            InvalidInput: it was decided twice, and differently; or a file was given for what is a
                folder on one side.
        """
        path = clash.path
        named: set[Decision] = set()
        for pattern, side in self._sides:
            if pattern.matches(path):
                self._unused.discard(pattern.text)
                named.add(side)
        content = self._contents.get(path)
        if content is not None:
            self._unused.discard(path)
            if clash.folder is not None:
                raise InvalidInput(
                    f"/{path} is a file on one side and a folder on the other",
                    hint="take one side of it, and put the file afterwards",
                )
            named.add(content)
        if len(named) > 1:
            raise InvalidInput(f"/{path} is decided twice, and differently")
        return named.pop() if named else self._strategy

    def check_all_used(self, conflicts: Sequence[PathClash]) -> None:
        """Make sure that whatever was named is in conflict: a slip must not go unnoticed.

        Raises:
            NotFound: something is not.
        """
        if not self._unused:
            return
        paths = ", ".join(f"/{clash.path}" for clash in conflicts[:5])
        more = ", ..." if len(conflicts) > 5 else ""
        raise NotFound(
            f"nothing is in conflict at {', '.join(sorted(self._unused))}",
            hint=f"these are: {paths}{more}"
            if conflicts
            else "there is no conflict: name no paths",
        )


class _Pattern:
    """A file, all below a folder, or what fits a glob."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._path = clean_prefix(text).rstrip("/")
        glob = Glob(text)
        self._glob = None if glob.is_literal else glob

    def matches(self, path: str) -> bool:
        if not self._path or path == self._path or path.startswith(f"{self._path}/"):
            return True
        return self._glob is not None and self._glob.match(path) is not None
