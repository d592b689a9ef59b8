from __future__ import annotations

import io
import os
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datavc.errors import DataCorrupt, InvalidInput, OutOfSpace, SourceUnreadable
from datavc.model.entry import Entry
from datavc.model.ids import digest_of
from datavc.store.backends.memory import MemoryBackend
from datavc.store.chunk_list import MAX_INLINE
from datavc.store.chunker import MIN_CHUNK
from datavc.store.content import ContentWriter, read_content, write_content
from datavc.store.objects import ObjectStore
from datavc.testing.faults import FaultyBackend

if TYPE_CHECKING:
    from .conftest import MemoryIndex

LARGE = random.Random(7).randbytes(40 << 20)
SIZES = [0, 1, 4096, MIN_CHUNK, MIN_CHUNK + 1, 1 << 20, 9 << 20]


def store(objects: ObjectStore, data: bytes, index: MemoryIndex | None = None) -> tuple[Entry, int]:
    with objects.session(index) as session:
        entry = ContentWriter(session, index).write_stream(io.BytesIO(data))
        session.finish()
        return entry, session.stored_bytes


def written(objects: ObjectStore, entry: Entry) -> bytes:
    with tempfile.TemporaryFile() as file:
        write_content(objects, entry, file.fileno())
        file.seek(0)
        return file.read()


@pytest.mark.parametrize("size", SIZES)
def test_all_ways_in_agree_and_come_back(objects: ObjectStore, tmp_path: Path, size: int) -> None:
    data = LARGE[:size]
    path = tmp_path / "file"
    path.write_bytes(data)
    with objects.session() as session:
        writer = ContentWriter(session)
        entry = writer.write_stream(io.BytesIO(data))
        assert writer.write_file(path) == entry
        assert writer.write_small([data]) == [entry]
        session.finish()
    assert (entry.size, entry.digest, entry.executable) == (size, digest_of(data), False)
    assert b"".join(read_content(objects, entry)) == data
    assert written(objects, entry) == data


def test_content_up_to_the_minimum_is_one_chunk_of_the_same_digest(objects: ObjectStore) -> None:
    entry, _ = store(objects, LARGE[:MIN_CHUNK])
    (ref,) = entry.refs
    assert ref.digest == entry.digest


def test_large_content_lists_its_chunks(objects: ObjectStore, index: MemoryIndex) -> None:
    entry, _ = store(objects, LARGE, index)
    assert entry.depth == 1
    assert len(entry.refs) <= MAX_INLINE
    assert b"".join(read_content(objects, entry)) == LARGE
    assert written(objects, entry) == LARGE
    lookups = index.lookups
    again, stored = store(objects, LARGE, index)
    assert again.same_content(entry)
    # The lists alone, which are small.
    assert stored < len(LARGE) // 1000
    assert index.lookups - lookups < 20


def test_insertion_stores_little(objects: ObjectStore, index: MemoryIndex) -> None:
    store(objects, LARGE, index)
    half = len(LARGE) // 2
    changed = LARGE[:half] + b"inserted" * 128 + LARGE[half:]
    entry, stored = store(objects, changed, index)
    assert stored < 1 << 20
    assert b"".join(read_content(objects, entry)) == changed


@pytest.mark.parametrize(
    ("offset", "length"),
    [
        (0, 0),
        (0, 1),
        (5, None),
        (1 << 20, 3 << 20),
        (39 << 20, 5 << 20),
        (40 << 20, 1),
        (1 << 40, None),
    ],
)
def test_ranges(objects: ObjectStore, offset: int, length: int | None) -> None:
    entry, _ = store(objects, LARGE)
    end = None if length is None else offset + length
    assert b"".join(read_content(objects, entry, offset, length)) == LARGE[offset:end]


def test_a_range_reads_only_what_it_needs(memory: MemoryBackend) -> None:
    faulty = FaultyBackend(memory)
    objects = ObjectStore(faulty)
    entry, _ = store(objects, LARGE)
    before = faulty.calls.get("get", 0)
    assert b"".join(read_content(objects, entry, 20 << 20, 10)) == LARGE[20 << 20 :][:10]
    assert faulty.calls["get"] - before == 2


def test_negative_range(objects: ObjectStore) -> None:
    entry, _ = store(objects, b"abc")
    with pytest.raises(InvalidInput):
        list(read_content(objects, entry, -1))


def test_small_batch_asks_once_and_stores_equal_ones_once(
    objects: ObjectStore, index: MemoryIndex
) -> None:
    datas = [b"a" * 50, b"b" * 60, b"", b"a" * 50] * 20
    with objects.session(index) as session:
        entries = ContentWriter(session, index).write_small(datas)
        session.finish()
    assert index.lookups == 1
    assert len(index.chunks) == 2
    assert [b"".join(read_content(objects, entry)) for entry in entries] == datas
    with objects.session(index) as session:
        mixed = ContentWriter(session, index).write_small([b"new", *datas])
        assert session.stored_bytes == 64 + 3
        session.finish()
    assert mixed[1:] == entries


def test_executable_bit(objects: ObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_bytes(b"#!/bin/sh\n")
    path.chmod(0o755)
    with objects.session() as session:
        assert ContentWriter(session).write_file(path).executable


def test_progress_adds_up(objects: ObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    done: list[int] = []
    with objects.session() as session:
        entry = ContentWriter(session).write_file(path, progress=done.append)
        session.finish()
    assert len(done) > 1
    assert sum(done) == len(LARGE)
    done.clear()
    with (tmp_path / "back").open("wb") as file:
        write_content(objects, entry, file.fileno(), progress=done.append)
    assert sum(done) == len(LARGE)


def test_zeros_become_holes(objects: ObjectStore, tmp_path: Path) -> None:
    data = LARGE[: 5 << 20] + bytes(30 << 20) + LARGE[: 5 << 20]
    entry, stored = store(objects, data)
    assert stored < 11 << 20
    with (tmp_path / "sparse").open("wb+") as file:
        write_content(objects, entry, file.fileno())
        assert os.fstat(file.fileno()).st_blocks * 512 < 15 << 20
        file.seek(0)
        assert file.read() == data


def test_missing_file(objects: ObjectStore, tmp_path: Path) -> None:
    with objects.session() as session, pytest.raises(SourceUnreadable, match="absent"):
        ContentWriter(session).write_file(tmp_path / "absent")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_only_regular_files(objects: ObjectStore, tmp_path: Path, make: object) -> None:
    path = tmp_path / "odd"
    assert callable(make)
    make(path)
    with objects.session() as session, pytest.raises(SourceUnreadable, match="regular"):
        ContentWriter(session).write_file(path)


@pytest.mark.parametrize("size", [100_000, 40 << 20])
@pytest.mark.parametrize("change", ["shrink", "grow", "touch"])
def test_file_that_changes_while_it_is_read(
    memory: MemoryBackend, tmp_path: Path, size: int, change: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(LARGE[:size])
    facts = path.stat()

    class Meddling(FaultyBackend):
        def _step(self, operation: object) -> None:
            if operation == "open_writer":
                if change == "touch":
                    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
                else:
                    os.truncate(path, size + (-1000 if change == "shrink" else 1000))

    with (
        ObjectStore(Meddling(memory)).session() as session,
        pytest.raises(SourceUnreadable, match="changed while"),
    ):
        ContentWriter(session).write_file(path)
    assert list(memory.list()) == []


def test_stream_that_fails(objects: ObjectStore) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("pulled out")

    with objects.session() as session, pytest.raises(SourceUnreadable, match="pulled out"):
        ContentWriter(session).write_stream(Broken())


@pytest.mark.parametrize("operation", ["open_writer", "write"])
def test_full_store_while_a_large_file_is_put(
    memory: MemoryBackend, tmp_path: Path, operation: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    faulty = FaultyBackend(memory)
    faulty.fail(operation, OutOfSpace("full"), skip=1 if operation == "write" else 0)
    with pytest.raises(OutOfSpace), ObjectStore(faulty).session() as session:
        ContentWriter(session).write_file(path)
    assert list(memory.list()) == []


def test_full_disk_while_a_file_is_written(objects: ObjectStore) -> None:
    entry, _ = store(objects, LARGE[:100_000])
    with open("/dev/full", "wb") as file, pytest.raises(OutOfSpace, match="100000 bytes"):
        write_content(objects, entry, file.fileno())


def test_entry_whose_pieces_do_not_add_up(objects: ObjectStore) -> None:
    entry, _ = store(objects, LARGE[:100_000])
    wrong = Entry(entry.size + 1, entry.digest, entry.refs)
    with pytest.raises(DataCorrupt, match="add up"):
        list(read_content(objects, wrong))


def test_garbled_chunk_of_a_large_file(memory: MemoryBackend) -> None:
    faulty = FaultyBackend(memory)
    objects = ObjectStore(faulty)
    entry, _ = store(objects, LARGE[: 5 << 20])
    faulty.flip_next_get(3000)
    with tempfile.TemporaryFile() as file, pytest.raises(DataCorrupt, match="offset"):
        write_content(objects, entry, file.fileno())
