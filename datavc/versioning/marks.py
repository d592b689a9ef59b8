"""Which records are in use, and how often: on disk, so memory stays flat however many they are.

Each use is counted: a node's by its parents, a chunk's by the leaves that list it. So what is not
used any more can be taken off again without a look at all the rest.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from types import TracebackType

from datavc.errors import DataCorrupt, DatavcError, NotFound, OutOfSpace, StoreUnavailable
from datavc.model.entry import Location
from datavc.model.tree.columns import PlaceColumns
from datavc.versioning.mark_file import TEMPORARY_FOLDER, open_temporary
from datavc.versioning.moved_records import MovedRecords

#: Bits for where in its pack a record lies: a pack ends with the record that passes 64 MiB.
_PLACE_BITS = 32
_PLACES = (1 << _PLACE_BITS) - 1
#: Uses gathered before they are written.
_GATHERED = 32 * 1024
#: Numbers of packs kept in memory.
_NUMBERS = 64 * 1024
#: In place of an owner: there are several.
_SHARED = -1

_ADD = "INSERT INTO records VALUES (?, ?, 1) ON CONFLICT (mark) DO UPDATE SET uses = uses + 1"
_ADD_MANY = (
    "INSERT INTO records VALUES (?, ?, ?)"
    " ON CONFLICT (mark) DO UPDATE SET uses = uses + excluded.uses"
)
_DROP = "UPDATE records SET uses = uses - 1 WHERE mark = ? AND uses > 0"
_CLEAN = "DELETE FROM records WHERE mark = ? AND uses = 0"
_NAME = "UPDATE packs SET names = names + ?, bytes = NULL WHERE number = ?"
_MARKS_OF_PACK = "FROM records WHERE mark >= ? AND mark < ?"


class Stale(Exception):
    """What was kept of an earlier run does not fit what is there now: mark everything anew."""


class Marks:
    """Records in use. Use it as a context manager. Not safe to share between threads.

    A record of a pack that was rewritten is marked where it lies now; the old pack counts as one
    that is named, since it is.

    Args:
        moved: the packs that were rewritten.
        file: where to keep them; a temporary file by default.
    """

    def __init__(self, moved: MovedRecords, file: sqlite3.Connection | None = None) -> None:
        self._moved = moved
        try:
            self._file = open_temporary() if file is None else file
        except sqlite3.Error as error:
            raise _translated(error) from error
        self._numbers: dict[bytes, int] = {}
        self._names: Counter[int] = Counter()
        self._added: list[tuple[int, int]] = []
        self._dropped: list[tuple[int]] = []
        #: Whether the bytes of every pack are known.
        self._is_counted = False

    def __enter__(self) -> Marks:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if isinstance(error, sqlite3.Error):
            raise _translated(error) from error

    @property
    def file(self) -> sqlite3.Connection:
        """The file, for what else is to be kept beside the marks."""
        return self._file

    def save(self) -> None:
        """Keep all that was marked so far, whatever happens next."""
        self._flush()
        self._file.execute("COMMIT")
        self._file.execute("BEGIN IMMEDIATE")

    def add(self, location: Location) -> bool:
        """Count a use of a record; whether it is the first one."""
        mark = self._mark(location, 1)
        if mark is None:
            return False
        uses = self._file.execute(f"{_ADD} RETURNING uses", (mark, location.length)).fetchone()[0]
        return bool(uses == 1)

    def drop(self, location: Location) -> bool:
        """Take a use off again; whether it was the last one.

        Raises:
            Stale: it was not counted.
        """
        mark = self._mark(location, -1)
        if mark is None:
            return False
        row = self._file.execute(f"{_DROP} RETURNING uses", (mark,)).fetchone()
        if row is None:
            raise Stale
        if row[0]:
            return False
        self._file.execute(_CLEAN, (mark,))
        return True

    def add_columns(self, places: PlaceColumns) -> None:
        """Count a use of each of many records, none of which leads to others."""
        self._added += self._marks(places, 1)
        if len(self._added) >= _GATHERED:
            self._flush()

    def drop_columns(self, places: PlaceColumns) -> None:
        """Take a use of each of many records off again.

        Raises:
            Stale: one was not counted, as may turn out later too.
        """
        self._dropped += [(mark,) for mark, _ in self._marks(places, -1)]
        if len(self._dropped) >= _GATHERED:
            self._flush()

    def follow_moves(self) -> None:
        """Let marks that were kept say where records lie now.

        Raises:
            Stale: the kept marks know packs otherwise than they are now.
        """
        named = self._file.execute("SELECT id FROM packs WHERE moved AND names > 0")
        if any(pack not in self._moved for (pack,) in named):
            raise Stale
        self._file.execute("DELETE FROM packs WHERE names = 0")
        for pack in self._moved.packs:
            row = self._file.execute(
                "SELECT number FROM packs WHERE id = ? AND NOT moved", (pack,)
            ).fetchone()
            if row is not None:
                self._follow_moves_of(pack, row[0])

    def _follow_moves_of(self, pack: bytes, number: int) -> None:
        first, end = _range(number)
        after = first - 1
        while page := self._file.execute(
            f"SELECT mark, length, uses {_MARKS_OF_PACK} LIMIT ?", (after + 1, end, _GATHERED)
        ).fetchall():
            after = page[-1][0]
            self._file.executemany(
                _ADD_MANY,
                [
                    (self._moved_mark(Location(pack, mark & _PLACES, length), uses), length, uses)
                    for mark, length, uses in page
                ],
            )
        self._file.execute(f"DELETE {_MARKS_OF_PACK}", (first, end))
        self._file.execute("UPDATE packs SET moved = 1, bytes = NULL WHERE number = ?", (number,))
        self._flush()

    def _moved_mark(self, location: Location, uses: int) -> int:
        """The mark of where a record went; the packs behind its own are named so often more."""
        self._names[self.number(location.pack)] -= uses
        try:
            mark = self._mark(location, uses)
        except NotFound as error:
            raise Stale from error
        if mark is None:
            raise Stale
        return mark

    def has_pack(self, pack: bytes) -> bool:
        """Whether something in use names that pack, or lies in it."""
        self._flush()
        row = self._file.execute("SELECT names FROM packs WHERE id = ?", (pack,)).fetchone()
        return row is not None and row[0] > 0

    def check(self, pack: bytes) -> None:
        """Make sure, before something in a pack is given up, that what was kept of it is whole.

        A pack that was not rewritten is named as often as its records are used.

        Raises:
            Stale: it is not.
        """
        self._flush()
        row = self._file.execute(
            "SELECT number, names FROM packs WHERE id = ? AND NOT moved", (pack,)
        ).fetchone()
        if row is not None:
            uses = self._file.execute(
                f"SELECT COALESCE(SUM(uses), 0) {_MARKS_OF_PACK}", _range(row[0])
            ).fetchone()
            if uses[0] != row[1]:
                raise Stale

    def bytes_in(self, pack: bytes) -> int:
        """Bytes of the records in use that lie in a pack now."""
        self._count_bytes()
        row = self._file.execute("SELECT bytes FROM packs WHERE id = ?", (pack,)).fetchone()
        return 0 if row is None else row[0]

    def of_pack(self, pack: bytes) -> PackMarks:
        """The marks of the records that lie in a pack now."""
        self._flush()
        row = self._file.execute("SELECT number FROM packs WHERE id = ?", (pack,)).fetchone()
        if row is None:
            return PackMarks(set())
        found = self._file.execute(f"SELECT mark {_MARKS_OF_PACK}", _range(row[0]))
        return PackMarks({mark & _PLACES for (mark,) in found})

    def packs(self) -> Iterator[bytes]:
        """The packs in which marked records lie now; others may be marked meanwhile."""
        self._count_bytes()
        number = -1
        while True:
            row = self._file.execute(
                "SELECT number, id FROM packs WHERE number > ? AND bytes > 0 ORDER BY number",
                (number,),
            ).fetchone()
            if row is None:
                return
            number = row[0]
            yield row[1]

    def number(self, pack: bytes) -> int:
        """The pack's number in this file."""
        known = self._numbers.get(pack)
        if known is not None:
            return known
        row = self._file.execute("SELECT number FROM packs WHERE id = ?", (pack,)).fetchone()
        if row is None:
            row = self._file.execute(
                "INSERT INTO packs (id, names, moved) VALUES (?, 0, 0) RETURNING number", (pack,)
            ).fetchone()
        if len(self._numbers) >= _NUMBERS:
            self._numbers.clear()
        self._numbers[pack] = number = row[0]
        return int(number)

    def mark_of(self, location: Location) -> int:
        """What stands for a place, whether or not its pack was rewritten."""
        return self.number(location.pack) << _PLACE_BITS | _checked(location.offset)

    def place_of(self, mark: int, length: int) -> Location:
        """The place that a mark stands for."""
        row = self._file.execute(
            "SELECT id FROM packs WHERE number = ?", (mark >> _PLACE_BITS,)
        ).fetchone()
        return Location(row[0], mark & _PLACES, length)

    def charge(self, owner: int) -> int:
        """Note all that is marked as this owner's and forget the marks; returns its bytes.

        Owners are numbered from 0; see :meth:`unique_bytes`.
        """
        self._flush()
        stored = self._file.execute("SELECT COALESCE(SUM(length), 0) FROM records").fetchone()[0]
        self._file.execute(
            "INSERT INTO owners SELECT mark, length, ? FROM records WHERE true"
            " ON CONFLICT (mark) DO UPDATE SET owner = ?",
            (owner, _SHARED),
        )
        self._file.execute("DELETE FROM records")
        return int(stored)

    def unique_bytes(self) -> dict[int, int]:
        """For each owner, the bytes that no other one was charged for."""
        return dict(
            self._file.execute("SELECT owner, SUM(length) FROM owners GROUP BY owner").fetchall()
        )

    def _mark(self, location: Location, uses: int) -> int | None:
        """The mark of where a record lies now; ``None`` when its bytes were purged."""
        found: Location | None = location
        while found is not None:
            self._names[self.number(found.pack)] += uses
            if found.pack not in self._moved:
                return self.mark_of(found)
            found = self._moved.find(found)
        return None

    def _marks(self, places: PlaceColumns, uses: int) -> Iterable[tuple[int, int]]:
        """The mark and the length of each place, but for those whose bytes were purged."""
        packs = places.pack_ids()
        if any(pack in self._moved for pack in packs):
            pairs = [(self._mark(place, uses), place.length) for place in places.locations()]
            return [(mark, length) for mark, length in pairs if mark is not None]
        _checked(max(places.offsets, default=0))
        bases = [self.number(pack) << _PLACE_BITS for pack in packs]
        if len(bases) == 1:
            base = bases[0]
            self._names[base >> _PLACE_BITS] += uses * len(places.offsets)
            marks = [base | offset for offset in places.offsets]
        else:
            for index, count in Counter(places.pack_of).items():
                self._names[bases[index] >> _PLACE_BITS] += uses * count
            of = zip(places.pack_of, places.offsets, strict=True)
            marks = [bases[index] | offset for index, offset in of]
        return zip(marks, places.lengths, strict=True)

    def _flush(self) -> None:
        if not self._names:
            return
        self._is_counted = False
        added, self._added = sorted(self._added), []
        dropped, self._dropped = sorted(self._dropped), []
        names, self._names = self._names, Counter()
        self._file.executemany(_ADD, added)
        if dropped:
            if self._file.executemany(_DROP, dropped).rowcount != len(dropped):
                raise Stale
            self._file.executemany(_CLEAN, dropped)
        self._file.executemany(_NAME, [(count, number) for number, count in names.items()])

    def _count_bytes(self) -> None:
        self._flush()
        if not self._is_counted:
            self._file.execute(
                "UPDATE packs SET bytes = (SELECT COALESCE(SUM(length), 0) FROM records"
                " WHERE mark >= number << :bits AND mark < (number + 1) << :bits)"
                " WHERE bytes IS NULL",
                {"bits": _PLACE_BITS},
            )
            self._is_counted = True


class PackMarks:
    """The marked records of one pack."""

    def __init__(self, offsets: set[int]) -> None:
        self._offsets = offsets

    def __len__(self) -> int:
        return len(self._offsets)

    def has(self, offset: int) -> bool:
        """Whether the record that starts at *offset* is marked."""
        return offset in self._offsets


def _checked(offset: int) -> int:
    if offset > _PLACES:
        raise DataCorrupt(f"a record is said to lie at offset {offset}, where no pack reaches")
    return offset


def _range(number: int) -> tuple[int, int]:
    return number << _PLACE_BITS, (number + 1) << _PLACE_BITS


def _translated(error: sqlite3.Error) -> DatavcError:
    text = str(error)
    kind = OutOfSpace if "full" in text else StoreUnavailable
    return kind(
        f"what is in use cannot be written down: {text}",
        hint=f"make room in {TEMPORARY_FOLDER} and in datavc's home",
    )
