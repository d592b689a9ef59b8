"""What every program can do, and what those can do that have working copies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from benchmarks.process import remove, run
from benchmarks.same import check_same
from benchmarks.work import Work, bytes_below


class Program(ABC):
    """A program with a repository of its own, and the folder whose versions it keeps.

    Args:
        folder: everything of it is below.
        work: what its folder holds.

    Raises:
        Missing: the program is not installed.
    """

    name: ClassVar[str]

    def __init__(self, folder: Path, work: Work) -> None:
        self.version()
        self._folder = folder
        self._work = work
        self._count = 0
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.place.mkdir()
        work.fill(self.data)
        #: How many versions are kept, and whether the folder differs from the last one.
        self.versions = 0
        self.changed = True
        self.create()

    @classmethod
    @abstractmethod
    def version(cls) -> str:
        """The version that is installed."""

    @property
    def place(self) -> Path:
        """The folder of the repository."""
        return self._folder / str(self._count)

    @property
    def data(self) -> Path:
        """The folder whose versions are kept."""
        return self.place / "data"

    @property
    @abstractmethod
    def store(self) -> Path:
        """Where versions are kept."""

    @abstractmethod
    def create(self) -> None:
        """Make the repository in :attr:`place`, without a version."""

    @abstractmethod
    def commit_data(self) -> None:
        """Keep the folder as it is, as a new version."""

    @abstractmethod
    def restore(self, target: Path) -> None:
        """Write the last version to the new folder *target*, or to one in it."""

    def prepare_restore(self, target: Path) -> None:
        """Do what comes before :meth:`restore`, and is none of its work."""
        target.parent.mkdir(parents=True, exist_ok=True)

    def restored(self, target: Path) -> tuple[Path, Path]:
        """What was restored, and where it is."""
        return self.data, target

    def commit(self) -> None:
        """Keep the folder as it is, as a new version."""
        self.commit_data()
        self.versions += 1
        self.changed = False

    def renew(self) -> None:
        """Start with an empty repository, and the same folder."""
        old = self.place
        self._count += 1
        self.place.mkdir()
        (old / "data").rename(self.data)
        if not self._work.many:
            # Where many files are removed, some file systems (ext4 without a journal) are slow for
            # minutes.
            remove(old)
        self.versions = 0
        self.changed = True
        self.create()

    def change(self) -> None:
        """Change the folder."""
        self._work.change(self.data, self.versions)
        self.changed = True

    def stored(self) -> int:
        """Bytes that all versions take."""
        return bytes_below(self.store)

    def check(self, target: Path) -> str:
        """Compare what was restored with what was kept.

        Raises:
            AssertionError: they differ.
        """
        return check_same(*self.restored(target))

    @property
    def environment(self) -> dict[str, str]:
        """Variables for the program; its settings are its own, not the user's."""
        home = str(self.home)
        return {
            "HOME": home,
            "XDG_CACHE_HOME": home,
            "XDG_CONFIG_HOME": home,
            "GIT_AUTHOR_NAME": "bench",
            "GIT_AUTHOR_EMAIL": "bench@example.com",
            "GIT_COMMITTER_NAME": "bench",
            "GIT_COMMITTER_EMAIL": "bench@example.com",
        }

    def run(self, *command: str | Path, cwd: Path | None = None) -> str:
        """Run a program in :attr:`place`."""
        return run(command, env=self.environment, cwd=cwd or self.place)


class Comparing(Program):
    """A program that says what a version has changed."""

    @abstractmethod
    def diff(self) -> int:
        """How many files the last version has changed."""


class WorkingCopy(Program):
    """A program whose folder is a working copy: it knows what is changed, and has branches."""

    @abstractmethod
    def status(self) -> int:
        """How many files are changed."""

    @abstractmethod
    def branch(self, name: str) -> None:
        """Make a branch at what is checked out."""

    @abstractmethod
    def switch(self, name: str) -> None:
        """Turn the folder into the last version of a branch."""


def number_in(text: str) -> str:
    """The version number in what a program prints about itself."""
    words = [word.lstrip("v") for word in text.replace("/", " ").split()]
    return next((word for word in words if word[:1].isdigit()), "")
