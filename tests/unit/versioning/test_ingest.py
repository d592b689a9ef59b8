"""Local files to change sets: what is read, what is left out, what is refused."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from datavc.errors import InvalidPath, OutOfSpace, SourceUnreadable
from datavc.model.change_set import read_change_set
from datavc.model.link_handling import LinkHandling
from datavc.store.objects import ObjectStore
from datavc.store.open import open_backend
from datavc.versioning import ingest
from datavc.versioning.branch_view import BranchView
from datavc.versioning.commits import commit_changes
from datavc.versioning.ingest import Ingested, LocalSource, ingest_files, ingest_stream
from datavc.versioning.resolve import get_tree
from datavc.versioning.staging import stage, staged_records
from datavc.versioning.stat_cache import StatCache
from datavc.versioning.versioned_store import VersionedStore
from tests.services.small_store import read_files

LARGE = bytes(range(256)) * 1024
_NOBODY = 65534


def view_of(vs: VersionedStore) -> BranchView:
    return BranchView(get_tree(vs, "data", "main"), vs.nodes, staged_records(vs, "data", "main"))


def read_in(
    vs: VersionedStore, *sources: LocalSource, cache: StatCache | None = None, links: bool = False
) -> Ingested:
    return ingest_files(
        sources,
        view_of(vs),
        vs.objects,
        vs.chunks,
        cache=cache,
        links=LinkHandling.FOLLOW if links else LinkHandling.REFUSE,
    )


def put_folder(vs: VersionedStore, folder: Path, cache: StatCache | None = None) -> Ingested:
    done = read_in(vs, LocalSource(folder, "", True), cache=cache)
    if done.record is not None:
        made = commit_changes(vs, "data", "main", done.record, message="m", author="ann")
        if cache is not None:
            cache.set_synced_tree(bytes.fromhex(made.tree))
    elif cache is not None:
        cache.set_synced_tree(get_tree(vs, "data", "main").digest)
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    for path, data in {
        "a": b"1",
        "a.b": b"",
        "b/x": b"22",
        "b-c": b"333",
        "b/y/z": LARGE,
        "日本/é": b"4",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (root / "a").chmod(0o755)
    # Old enough to be trusted.
    old = time.time() - 60
    for path in root.rglob("*"):
        os.utime(path, (old, old))
    return root


def test_a_folder_is_read_in_whole(vs: VersionedStore, folder: Path) -> None:
    progress: list[tuple[int, int]] = []
    done = ingest_files(
        [LocalSource(folder, "in", True)],
        view_of(vs),
        vs.objects,
        vs.chunks,
        progress=lambda files, size: progress.append((files, size)),
    )
    assert (done.files, done.bytes, done.unchanged) == (6, 7 + len(LARGE), 0)
    assert sum(files for files, _ in progress) == 6
    assert sum(size for _, size in progress) == done.bytes
    assert done.record is not None
    changes = dict(read_change_set(done.record.location, done.record.digest, vs.nodes))
    assert list(changes) == ["in/a", "in/a.b", "in/b-c", "in/b/x", "in/b/y/z", "in/日本/é"]
    entry = changes["in/a"]
    assert entry is not None
    assert entry.executable


def test_what_the_branch_holds_is_left_out(vs: VersionedStore, folder: Path) -> None:
    put_folder(vs, folder)
    again = put_folder(vs, folder)
    assert (again.record, again.unchanged, again.stored_bytes) == (None, 6, 0)
    (folder / "a").write_bytes(b"2")
    (folder / "b-c").chmod(0o755)
    changed = put_folder(vs, folder)
    assert changed.record is not None
    assert (changed.unchanged, changed.record.puts) == (4, 2)
    assert read_files(vs)["a"] == b"2"


def test_what_is_staged_counts_as_held(vs: VersionedStore, folder: Path) -> None:
    done = read_in(vs, LocalSource(folder, "", True))
    assert done.record is not None
    stage(vs, "data", "main", done.record, author="ann")
    assert read_in(vs, LocalSource(folder, "", True)).record is None


def test_unchanged_files_are_not_read_again(
    vs: VersionedStore, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Files that were written only now are read again, for they may change within a clock tick.
    monkeypatch.setattr("datavc.versioning.stat_cache._UNSETTLED_NS", -(10**9))
    cache = StatCache(tmp_path / "cache", folder, "data@main:/")
    put_folder(vs, folder, cache)
    read: list[str] = []
    original = ingest._read_small

    def recorded(path: str, size: int, flags: int) -> bytes:
        read.append(Path(path).name)
        return original(path, size, flags)

    monkeypatch.setattr(ingest, "_read_small", recorded)
    assert put_folder(vs, folder, cache).unchanged == 6
    assert read == []
    (folder / "b/x").write_bytes(b"99")
    assert put_folder(vs, folder, cache).unchanged == 5
    assert read == ["x"]
    assert read_files(vs)["b/x"] == b"99"
    # Somebody else changes the branch: what was in step is not any more.
    other = ingest_stream(b"theirs", "b-c", view_of(vs), vs.objects, vs.chunks)
    assert other.record is not None
    commit_changes(vs, "data", "main", other.record, message="m", author="bob")
    put_folder(vs, folder, cache)
    assert read_files(vs)["b-c"] == b"333"


def test_files_changed_just_now_are_not_trusted(
    vs: VersionedStore, folder: Path, tmp_path: Path
) -> None:
    cache = StatCache(tmp_path / "cache", folder, "data@main:/")
    put_folder(vs, folder, cache)
    status = (folder / "a").stat()
    # The same size and times, but other content.
    (folder / "a").write_bytes(b"X")
    os.utime(folder / "a", ns=(status.st_atime_ns, status.st_mtime_ns))
    put_folder(vs, folder, cache)
    assert read_files(vs)["a"] == b"X"


def test_a_damaged_cache_costs_time_alone(
    vs: VersionedStore, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datavc.versioning.stat_cache._UNSETTLED_NS", -(10**9))
    cache = StatCache(tmp_path / "cache", folder, "data@main:/")
    put_folder(vs, folder, cache)
    (stats,) = (tmp_path / "cache").glob("*.stats")
    whole = stats.read_bytes()
    for damaged in (b"", whole[:20], whole[:-40], b"x" * 60 + whole[60:], whole[:-1] + b"x"):
        stats.write_bytes(damaged)
        assert put_folder(vs, folder, cache).unchanged == 6


def test_single_files_and_folders_mix(vs: VersionedStore, folder: Path) -> None:
    done = read_in(
        vs,
        LocalSource(folder / "b", "m", True),
        LocalSource(folder / "a", "a1", False),
        LocalSource(folder / "b-c", "m/q", False),
    )
    assert done.record is not None
    commit_changes(vs, "data", "main", done.record, message="m", author="ann")
    assert read_files(vs) == {"a1": b"1", "m/q": b"333", "m/x": b"22", "m/y/z": LARGE}


def test_links_are_named_or_followed(vs: VersionedStore, folder: Path) -> None:
    (folder / "b" / "link").symlink_to("x")
    with pytest.raises(SourceUnreadable, match=r"link' is a symbolic link .*--follow-links"):
        put_folder(vs, folder)
    assert read_files(vs) == {}
    done = read_in(vs, LocalSource(folder / "b", "", True), links=True)
    assert done.record is not None
    assert done.record.puts == 3
    (folder / "b" / "loop").symlink_to(folder, target_is_directory=True)
    with pytest.raises(SourceUnreadable, match="leads back"):
        read_in(vs, LocalSource(folder, "", True), links=True)


def test_what_is_no_file_is_named(vs: VersionedStore, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(SourceUnreadable, match="pipe' is neither a file nor a folder"):
        put_folder(vs, folder)
    (folder / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "sock"))
        with pytest.raises(SourceUnreadable, match="sock"):
            put_folder(vs, folder)
    with pytest.raises(SourceUnreadable, match="none"):
        read_in(vs, LocalSource(folder / "none", "x", False))
    with pytest.raises(SourceUnreadable, match="null"):
        read_in(vs, LocalSource(Path("/dev/null"), "x", False))


@pytest.fixture
def ordinary_user(tmp_path: Path, folder: Path) -> Iterator[None]:
    """Root may read everything, so as root the test goes on as somebody else."""
    if os.geteuid() != 0:
        yield
        return
    for path in (*tmp_path.rglob("*"), tmp_path):
        os.chown(path, _NOBODY, -1)
    temporary = Path(tempfile.gettempdir())
    for path in tmp_path.parents:
        if temporary in path.parents:
            path.chmod(0o755)
    os.seteuid(_NOBODY)
    yield
    os.seteuid(0)


def test_a_file_that_may_not_be_read_is_named(
    vs: VersionedStore, folder: Path, ordinary_user: None
) -> None:
    (folder / "b-c").chmod(0)
    with pytest.raises(SourceUnreadable, match="b-c' cannot be read: Permission denied"):
        put_folder(vs, folder)
    (folder / "b-c").chmod(0o600)
    (folder / "b").chmod(0)
    with pytest.raises(SourceUnreadable, match="b' cannot be read: Permission denied"):
        put_folder(vs, folder)
    (folder / "b").chmod(0o700)
    assert read_files(vs) == {}


def test_a_name_that_is_no_text_is_named(vs: VersionedStore, folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_bytes(b"1")
    with pytest.raises(InvalidPath, match="not valid Unicode"):
        put_folder(vs, folder)


def test_a_file_that_changes_while_it_is_read_is_named(
    vs: VersionedStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = ingest._read_small

    def grown(path: str, size: int, flags: int) -> bytes:
        with open(path, "ab") as file:
            file.write(b"more")
        return original(path, size, flags)

    monkeypatch.setattr(ingest, "_read_small", grown)
    with pytest.raises(SourceUnreadable, match="changed while it was read"):
        put_folder(vs, folder)


@pytest.mark.parametrize("target", ["../x", "a//b", "a/../b", "x\0", "", "a/"])
def test_targets_stay_inside_the_repo(vs: VersionedStore, target: str) -> None:
    with pytest.raises(InvalidPath):
        ingest_stream(b"1", target, view_of(vs), vs.objects, vs.chunks)


def test_a_full_disk_is_told_and_leaves_nothing(
    vs: VersionedStore, folder: Path, small_disk: Path
) -> None:
    (folder / "noise").write_bytes(os.urandom(4 << 20))
    objects = ObjectStore(open_backend(str(small_disk / "store")))
    with pytest.raises(OutOfSpace):
        ingest_files([LocalSource(folder, "", True)], view_of(vs), objects, vs.chunks)
    assert list(objects.backend.list()) == []
    with vs.db.read() as conn:
        assert conn.exec_driver_sql("select count(*) from packs").scalar() == 0
