"""What ``.datavcignore`` files leave out: the syntax and meaning of ``.gitignore``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datavc.errors import InvalidInput, SourceUnreadable
from datavc.model.ids import digest_of
from datavc.versioning.local_folder import LocalFolder

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

#: Name of the file.
IGNORE_FILE = ".datavcignore"


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules that hold in one folder: its own before those of the folders above."""

    #: Each with the path of its folder, which ends in a slash or is empty; nearest first.
    specs: tuple[tuple[str, GitIgnoreSpec], ...] = ()
    #: The same for the same rules.
    mark: bytes = b""

    def within(self, folder: str, local: LocalFolder) -> IgnoreRules:
        """The rules inside *folder* (its path, ending in a slash, or ``""``).

        Raises:
            SourceUnreadable: its file of rules cannot be read.
            InvalidInput: a rule is malformed.
        """
        if IGNORE_FILE not in local.names:
            return self
        path = Path(local.path) / IGNORE_FILE
        text = _read(path)
        mark = digest_of(b"\0".join((self.mark, folder.encode(), text.encode())))
        return IgnoreRules(((folder, _parse(text, path)), *self.specs), mark)

    def ignores(self, path: str) -> bool:
        """Whether a file, or a folder (then *path* ends in a slash), is left out."""
        for folder, spec in self.specs:
            found = spec.check_file(path[len(folder) :]).include
            if found is not None:
                return found
        return False

    def kept(self, folder: str, local: LocalFolder) -> LocalFolder:
        """*local*, the folder of that path, less what is left out."""
        if not self.specs:
            return local
        ignored = {
            name
            for name in (*local.names, *(f"{sub}/" for sub in local.subfolders))
            if self.ignores(folder + name)
        }
        return local.without(ignored) if ignored else local


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SourceUnreadable(f"{str(path)!r} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise _malformed(path, error) from None


def _parse(text: str, path: Path) -> GitIgnoreSpec:
    # Only who has such a file pays for it.
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(text.splitlines())
    except ValueError as error:
        raise _malformed(path, error) from None


def _malformed(path: Path, error: ValueError) -> InvalidInput:
    return InvalidInput(f"{str(path)!r} has a rule that cannot be read: {error}")
