"""Input files that are brought once and linked then."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from datavc.engine.input_cache import InputCache
from datavc.errors import OutOfSpace

MIB = 1 << 20


class Bringer:
    """Brings files into a folder by way of a cache, and counts those that were written."""

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self.folder = folder
        self.cache = InputCache(folder / "cache", limit)
        self.written: list[str] = []
        if limit is not None:
            (folder / "cache").mkdir()

    def bring(self, content: bytes, name: str, mode: int = 0o444) -> None:
        def write() -> None:
            self.written.append(name)
            (self.folder / name).write_bytes(content)
            (self.folder / name).chmod(mode)

        self.cache.place(content[:4], len(content), mode, str(self.folder / name), write)
        assert (self.folder / name).read_bytes() == content
        assert (self.folder / name).stat().st_mode & 0o777 == mode

    def kept(self) -> int:
        return len(os.listdir(self.folder / "cache"))


def large(number: int) -> bytes:
    return b"%04d" % number + bytes(MIB)


def test_a_large_file_is_brought_once(tmp_path: Path) -> None:
    bringer = Bringer(tmp_path)
    for name in ("a", "b", "c"):
        bringer.bring(large(1), name)
    bringer.bring(large(2), "d")
    bringer.bring(large(1), "run", 0o555)
    assert bringer.written == ["a", "d", "run"]
    assert (tmp_path / "a").samefile(tmp_path / "c")


def test_a_small_file_is_not_kept(tmp_path: Path) -> None:
    bringer = Bringer(tmp_path, limit=10 * MIB)
    for name in ("a", "b"):
        bringer.bring(b"0001", name)
    assert bringer.written == ["a", "b"]
    assert bringer.kept() == 0


def test_what_was_used_longest_ago_is_given_up(tmp_path: Path) -> None:
    bringer = Bringer(tmp_path, limit=2 * MIB + 8)
    bringer.bring(large(1), "one")
    bringer.bring(large(2), "two")
    bringer.bring(large(1), "one again")
    bringer.bring(large(3), "three")
    assert bringer.kept() == 2
    bringer.bring(large(1), "one still")
    bringer.bring(large(2), "two anew")
    assert bringer.written == ["one", "two", "three", "two anew"]


def test_a_file_above_the_limit_is_not_kept(tmp_path: Path) -> None:
    bringer = Bringer(tmp_path, limit=MIB)
    bringer.bring(large(1), "a")
    assert bringer.kept() == 0


def test_what_a_worker_removes_stays_for_others(tmp_path: Path) -> None:
    bringer = Bringer(tmp_path)
    bringer.bring(large(1), "a")
    (tmp_path / "a").unlink()
    (tmp_path / "a").write_bytes(b"another file of the same name")
    bringer.bring(large(1), "b")
    assert bringer.written == ["a"]


def test_a_full_disk_takes_what_is_kept(tmp_path: Path) -> None:
    bringer = Bringer(tmp_path)
    bringer.bring(large(1), "a")
    tries = []

    def write() -> None:
        tries.append(bringer.kept())
        if bringer.kept():
            (tmp_path / "b").write_bytes(b"half")
            raise OutOfSpace("full")
        (tmp_path / "b").write_bytes(large(2))

    bringer.cache.place(b"2", MIB, 0o444, str(tmp_path / "b"), write)
    assert tries == [1, 0]

    def never() -> None:
        raise OutOfSpace("full")

    (tmp_path / "cache").rename(tmp_path / "gone")
    bringer.cache.place(b"1", MIB, 0o444, str(tmp_path / "c"), (tmp_path / "c").touch)
    with pytest.raises(OutOfSpace):
        InputCache(tmp_path / "new").place(b"1", MIB, 0o444, str(tmp_path / "d"), never)


def test_workers_that_want_one_file_at_once_bring_it_once(tmp_path: Path) -> None:
    bringer = Bringer(tmp_path)
    begun, go_on = threading.Event(), threading.Event()

    def write() -> None:
        begun.set()
        assert go_on.wait(10)
        bringer.written.append("first")
        (tmp_path / "first").write_bytes(large(1))

    def bring(name: str) -> None:
        bringer.cache.place(b"0001", MIB, 0o444, str(tmp_path / name), write)

    first = threading.Thread(target=bring, args=("first",))
    first.start()
    assert begun.wait(10)
    second = threading.Thread(target=bring, args=("second",))
    second.start()
    go_on.set()
    for thread in (first, second):
        thread.join(10)
    assert bringer.written == ["first"]
    assert (tmp_path / "second").samefile(tmp_path / "first")
