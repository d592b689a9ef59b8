"""A place to measure in: its folder, what the programs keep, and the programs that rows share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from benchmarks.process import remove
from benchmarks.programs import Program
from benchmarks.row import Contest, Missing, Side
from benchmarks.work import BigFile, MiddlingFiles, SmallFiles, Work
from datavc import Client, connect

P = TypeVar("P", bound=Program)


class Bench:
    """Where the rows work.

    Args:
        folder: for data and results of runs.
        scale: of the data; 1 for the sizes that the table names.
    """

    def __init__(self, folder: Path, scale: float) -> None:
        self.folder = folder
        self.scale = scale
        #: Closes what a row opens, at its end.
        self.cleanup = contextlib.ExitStack()
        self.big = BigFile(folder / "work", scale)
        self.small = SmallFiles(folder / "work", scale)
        self.middling = MiddlingFiles(folder / "work", scale)
        self._programs: dict[tuple[str, type[Program]], Program] = {}
        self._count = 0

    def space(self, name: str) -> Path:
        """A path that a row may make what it likes at; nothing is there."""
        self._count += 1
        path = self.folder / "spaces" / f"{name}-{self._count}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def program(self, kind: type[P], work: Work) -> P:
        """A program that keeps *work*; the same one in all rows.

        Raises:
            Missing: it is not installed.
        """
        known = self._programs.get((work.name, kind))
        if known is None:
            known = kind(self.folder / "programs" / f"{work.name}-{kind.__name__.lower()}", work)
            self._programs[work.name, kind] = known
        assert isinstance(known, kind)
        return known

    def committed(self, kind: type[P], work: Work, versions: int = 1) -> P:
        """The same, with at least so many versions, and nothing changed since the last one."""
        program = self.program(kind, work)
        while program.changed or program.versions < versions:
            if not program.changed:
                program.change()
            program.commit()
        return program

    def forget(self, work: str) -> None:
        """Remove the programs that keep the work of that name, with all that they keep."""
        for key in [key for key in self._programs if key[0] == work]:
            del self._programs[key]
        for path in (self.folder / "programs").glob(f"{work}-*"):
            remove(path)

    def client(self, home: Path, database: str | None = None) -> Client:
        """An SDK client of *home*."""
        return connect(home=home, database=database, author="bench")


def contest(ours: Side, peers: Iterable[type[P]], side: Callable[[type[P]], Side]) -> Contest:
    """Sides of those peers that are installed, and the others' names."""
    made = Contest(ours)
    for kind in peers:
        try:
            made.peers.append(side(kind))
        except Missing as error:
            made.absent.append(str(error))
    return made
