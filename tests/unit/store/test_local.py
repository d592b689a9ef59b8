from __future__ import annotations

import errno
import fcntl
import io
import os
import random
import shutil
import time
from pathlib import Path

import pytest

from datavc.errors import NotFound, OutOfSpace, StoreUnavailable
from datavc.model.entry import Entry
from datavc.store.backends.local import LocalBackend
from datavc.store.backends.local_writer import TEMPORARY
from datavc.store.content import ContentWriter, read_content
from datavc.store.objects import ObjectStore


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    return LocalBackend(tmp_path / "store")


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def failing(code: int) -> object:
    def fail(*args: object, **kwargs: object) -> int:
        raise OSError(code, os.strerror(code))

    return fail


def test_writing_syncs_the_file_and_then_its_folder(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.put("a/first", b"")
    synced: list[str] = []
    real = os.fsync

    def recording(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    backend.put("a/second", b"x")
    assert [Path(path).parent.name for path in synced] == [TEMPORARY, "store"]
    assert Path(synced[1]).name == "a"


def test_short_writes_are_carried_on(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.writev

    def short(descriptor: int, pieces: list[bytes]) -> int:
        whole = b"".join(pieces)
        return real(descriptor, [whole[: max(1, len(whole) // 2)]])

    monkeypatch.setattr(os, "writev", short)
    writer = backend.open_writer("a")
    writer.write([b"abc", b"defgh", b"", memoryview(b"ijk")])
    writer.close()
    assert backend.get("a") == b"abcdefghijk"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.ENOSPC, OutOfSpace),
        (errno.EDQUOT, OutOfSpace),
        (errno.EIO, StoreUnavailable),
        (errno.EROFS, StoreUnavailable),
    ],
)
@pytest.mark.parametrize("call", ["writev", "fsync"])
def test_failed_writes_leave_nothing(
    backend: LocalBackend,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    code: int,
    expected: type[Exception],
) -> None:
    backend.put("a/b", b"before")
    monkeypatch.setattr(os, call, failing(code))
    with pytest.raises(expected):
        backend.put("a/c", b"x")
    monkeypatch.undo()
    assert files(backend.root) == ["a/b"]


def test_vanished_root(backend: LocalBackend) -> None:
    backend.put("a/b", b"x")
    shutil.rmtree(backend.root)
    with pytest.raises(StoreUnavailable, match="gone"):
        backend.get("a/b")
    with pytest.raises(StoreUnavailable, match="gone"):
        backend.size("a/b")
    with pytest.raises(StoreUnavailable):
        backend.put("c/d", b"x")
    with pytest.raises(StoreUnavailable):
        list(backend.list())
    assert not backend.root.exists()


def test_root_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="creating"):
        LocalBackend(tmp_path / "file" / "store")


def test_a_folder_is_no_object(backend: LocalBackend) -> None:
    backend.put("a/b", b"x")
    with pytest.raises(NotFound):
        backend.get("a")
    with pytest.raises(NotFound):
        backend.get("a/b/c")


def test_strangers_files_are_left_out(backend: LocalBackend) -> None:
    backend.put("a/b", b"x")
    (backend.root / ".hidden").write_text("")
    (backend.root / TEMPORARY / "half").write_text("")
    assert [found.key for found in backend.list()] == ["a/b"]


def test_remains_of_a_killed_process_are_swept_and_living_writers_are_not(
    backend: LocalBackend,
) -> None:
    living = backend.open_writer("living")
    living.write([b"x"])
    temporary = backend.root / TEMPORARY
    dead = temporary / "dead"
    dead.write_bytes(b"remains")
    fresh = temporary / "fresh"
    fresh.write_bytes(b"just created, not locked yet")
    hour_ago = time.time() - 3600
    for path in temporary.iterdir():
        if path != fresh:
            os.utime(path, (hour_ago, hour_ago))
    LocalBackend(backend.root).put("other", b"")
    assert not dead.exists()
    assert fresh.exists()
    living.close()
    assert backend.get("living") == b"x"


def test_file_in_the_making_is_locked(backend: LocalBackend) -> None:
    writer = backend.open_writer("a")
    (path,) = (backend.root / TEMPORARY).iterdir()
    with path.open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    writer.abort()
    assert files(backend.root) == []


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    objects = ObjectStore(LocalBackend(small_disk / "store"))
    noise = random.Random(13).randbytes(5 << 20)
    with pytest.raises(OutOfSpace, match="full"):
        put(objects, noise)
    assert files(small_disk / "store") == []
    entry = put(objects, noise[: 1 << 20])
    assert b"".join(read_content(objects, entry)) == noise[: 1 << 20]


def put(objects: ObjectStore, data: bytes) -> Entry:
    with objects.session() as session:
        entry = ContentWriter(session).write_stream(io.BytesIO(data))
        session.finish()
    return entry
