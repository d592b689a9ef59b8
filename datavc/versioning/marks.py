"""Which records are in use: a set that stays small in memory, however many they are.

Records that lead to others (nodes, lists, change sets) are remembered one by one, so that each is
walked once; there is one for about a hundred chunks. Chunks are written to files as they are met,
many times if need be, and read back a few packs at a time.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from datavc.model.entry import Location
from datavc.model.tree.columns import PlaceColumns
from datavc.versioning.moved_records import MovedRecords

#: No two records of a pack start in the same so many bytes: a record's header is as long.
_GRAIN_BITS = 6
#: Bits for where in its pack a record lies, in grains.
_PLACE_BITS = 40
_PLACES = (1 << _PLACE_BITS) - 1
_FILES = 64
#: Numbers gathered for one file before they are written.
_GATHERED = 32 * 1024


class Marks:
    """Records in use. Use it as a context manager. Not safe to share between threads.

    A record of a pack that was rewritten is marked where it lies now; the old pack counts as one in
    which something is marked, as it is still named.

    Args:
        moved: the packs that were rewritten.
        like: number packs as these marks do, so that both can be read side by side.
    """

    def __init__(self, moved: MovedRecords, like: Marks | None = None) -> None:
        self._moved = moved
        self._folder = tempfile.TemporaryDirectory(prefix="datavc-marks-")
        self._numbers: dict[bytes, int] = {} if like is None else like._numbers
        self._walked: set[int] = set()
        self._watched: dict[int, set[int]] = {}
        self._gathered = [array("Q") for _ in range(_FILES)]

    def __enter__(self) -> Marks:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def walk(self, location: Location) -> bool:
        """Mark a record that leads to others; whether that is new."""
        number = self._number(location.pack)
        mark = number << _PLACE_BITS | location.offset >> _GRAIN_BITS
        if mark in self._walked:
            return False
        self._walked.add(mark)
        self.add(location)
        return True

    def add(self, location: Location) -> None:
        """Mark a record that leads nowhere."""
        while location.pack in self._moved:
            self._number(location.pack)
            following = self._moved.find(location)
            if following is None:
                return
            location = following
        number = self._number(location.pack)
        self._gather(number, [number << _PLACE_BITS | location.offset >> _GRAIN_BITS])

    def add_columns(self, places: PlaceColumns) -> None:
        """Mark many records."""
        packs = places.pack_ids()
        if any(pack in self._moved for pack in packs):
            for location in places.locations():
                self.add(location)
            return
        numbers = [self._number(pack) for pack in packs]
        if len(numbers) == 1:
            base = numbers[0] << _PLACE_BITS
            marks = [base | offset >> _GRAIN_BITS for offset in places.offsets]
            self._gather(numbers[0], marks)
            return
        pairs = list(zip(places.pack_of, places.offsets, strict=True))
        for index, number in enumerate(numbers):
            base = number << _PLACE_BITS
            marks = [base | offset >> _GRAIN_BITS for pack, offset in pairs if pack == index]
            self._gather(number, marks)

    def has_pack(self, pack: bytes) -> bool:
        """Whether a record of that pack is marked."""
        return pack in self._numbers

    def watch(self, packs: Iterable[bytes]) -> None:
        """Remember what is marked in these packs from now on, and in no others."""
        self._watched = {self._number(pack): set() for pack in packs}

    def seen(self, pack: bytes) -> PackMarks:
        """What was marked in a pack since :meth:`watch`."""
        return PackMarks(self._watched[self._numbers[pack]])

    def packs(self) -> Iterator[tuple[bytes, PackMarks]]:
        """The marks of each pack, pack by pack; nothing may be marked meanwhile."""
        for pack, marks in read_together([self]):
            yield pack, marks[0]

    def _group(self, index: int) -> dict[int, set[int]]:
        by_pack: dict[int, set[int]] = {}
        for mark in self._read(index):
            by_pack.setdefault(mark >> _PLACE_BITS, set()).add(mark & _PLACES)
        return by_pack

    def _number(self, pack: bytes) -> int:
        return self._numbers.setdefault(pack, len(self._numbers))

    def _gather(self, number: int, marks: list[int]) -> None:
        if number in self._watched:
            self._watched[number].update(mark & _PLACES for mark in marks)
        gathered = self._gathered[number % _FILES]
        gathered.extend(marks)
        if len(gathered) >= _GATHERED:
            self._flush(number % _FILES)

    def _flush(self, index: int) -> None:
        with self._path(index).open("ab") as file:
            self._gathered[index].tofile(file)
        self._gathered[index] = array("Q")

    def _read(self, index: int) -> Iterator[int]:
        self._flush(index)
        with self._path(index).open("rb") as file:
            while data := file.read(_GATHERED * 8):
                yield from array("Q", data)

    def _path(self, index: int) -> Path:
        return Path(self._folder.name) / f"{index}.marks"


class PackMarks:
    """The marked records of one pack."""

    def __init__(self, grains: set[int]) -> None:
        self._grains = grains

    def __len__(self) -> int:
        return len(self._grains)

    def has(self, offset: int) -> bool:
        """Whether the record that starts at *offset* is marked."""
        return offset >> _GRAIN_BITS in self._grains


def read_together(sides: Sequence[Marks]) -> Iterator[tuple[bytes, list[PackMarks]]]:
    """The marks of each pack on every side, pack by pack; the sides number packs alike."""
    names = {number: pack for pack, number in sides[0]._numbers.items()}
    for index in range(_FILES):
        groups = [side._group(index) for side in sides]
        for number in sorted(set().union(*groups)):
            yield names[number], [PackMarks(group.get(number, set())) for group in groups]
