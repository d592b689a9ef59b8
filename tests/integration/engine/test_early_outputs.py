"""Outputs that are stored while their datum runs: whatever is done to them later is seen."""

import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from datavc.engine import datum_outputs, early_outputs
from datavc.engine.datum_outputs import take_outputs
from datavc.engine.early_outputs import EarlyOutputs
from datavc.engine.file_state import FileState, states_tell
from datavc.model.job import JobState
from datavc.store.content import read_content
from datavc.store.key import PACK_PREFIX
from datavc.store.pack_session import PackSession
from datavc.versioning.gc import collect_garbage

SIZE = 300_000
FIRST, SECOND = (Random(seed).randbytes(SIZE) for seed in (1, 2))
ENGINE = """
import sys, threading
from pathlib import Path
from datavc.engine.engine import Engine
from datavc.engine.settings import EngineSettings
from datavc.versioning.versioned_store import open_versioned_store

home = Path(sys.argv[1])
settings = EngineSettings(scratch=home / "scratch", executor="process", lease_seconds=1.0)
Engine(open_versioned_store(home), settings).serve(threading.Event())
"""


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_outputs, "_PAUSE", 0.02)
    monkeypatch.setattr(early_outputs, "_SHARE", 1.0)
    monkeypatch.setattr(early_outputs, "_WORTHWHILE", 1)
    monkeypatch.setattr(datum_outputs, "_IN_MEMORY", 0)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def early(world, out: Path) -> Iterator[EarlyOutputs]:
    with watch(world, out) as found:
        yield found


def watch(world, out: Path, is_short: Callable[[], bool] = lambda: False) -> EarlyOutputs:
    return EarlyOutputs(world.vs, out, is_short, lambda _: None)


def look(early: EarlyOutputs) -> None:
    for _ in range(2):
        time.sleep(0.03)
        early.look()
    # What happens next does so at another time, however coarse the clock.
    time.sleep(0.01)


def states(out: Path) -> dict[str, FileState]:
    return {
        str(path.relative_to(out)): FileState.of(path.lstat())
        for path in out.rglob("*")
        if not path.is_dir()
    }


def taken(world, out: Path, early: EarlyOutputs | None) -> dict[str, tuple[bytes, bool]]:
    return {
        file.path: (b"".join(read_content(world.objects, file.content)), file.executable)
        for file in take_outputs(world.vs, out, None, early)
        if not isinstance(file.content, bytes)
    }


def there(out: Path) -> dict[str, tuple[bytes, bool]]:
    return {
        path: ((out / path).read_bytes(), os.access(out / path, os.X_OK)) for path in states(out)
    }


def packs(world) -> set[str]:
    return {found.key for found in world.objects.backend.list(PACK_PREFIX)}


def wait_for_packs(world, before: set[str]) -> None:
    """Packs are closed in the background."""
    while not packs(world) > before:
        time.sleep(0.01)


def rewrite(path: Path) -> None:
    path.write_bytes(SECOND)


def rewrite_a_byte(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(SIZE // 2)
        file.write(b"x")


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(SECOND)
    status = path.stat()
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.rename(path)


def rewrite_and_turn_back_the_time(path: Path) -> None:
    status = path.stat()
    path.write_bytes(SECOND)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def write_by_mapping(path: Path) -> None:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        assert memory[:1] == FIRST[:1]
        memory[SIZE - 1 :] = bytes([FIRST[-1] ^ 1])


def write_by_another_name(path: Path) -> None:
    link = path.with_name("link")
    link.hardlink_to(path)
    rewrite_a_byte(link)


def link_to_another(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(SECOND)
    path.unlink()
    path.hardlink_to(other)


@pytest.mark.parametrize(
    "change",
    [
        rewrite,
        rewrite_a_byte,
        replace,
        lambda path: os.truncate(path, SIZE - 1),
        rewrite_and_turn_back_the_time,
        write_by_mapping,
        write_by_another_name,
        link_to_another,
        lambda path: path.rename(path.with_name("moved")),
        lambda path: path.chmod(0o755),
        lambda path: path.unlink(),
    ],
)
def test_what_is_done_to_a_file_after_it_was_stored_is_seen(
    world, out: Path, early: EarlyOutputs, change: Callable[[Path], None]
) -> None:
    (out / "kept").write_bytes(SECOND)
    (out / "small").write_bytes(b"small")
    (out / "small").chmod(0o755)
    (out / "changed").write_bytes(FIRST)
    look(early)
    before = states(out)
    assert set(early._stored) == set(before)
    change(out / "changed")
    assert set(early.finish(states(out))) == {"kept", "small"}
    assert taken(world, out, early) == there(out)


def test_what_changed_is_stored_anew_while_the_program_runs(
    world, out: Path, early: EarlyOutputs
) -> None:
    (out / "changed").write_bytes(FIRST)
    look(early)
    rewrite(out / "changed")
    look(early)
    assert set(early.finish(states(out))) == {"changed"}
    assert taken(world, out, early) == {"changed": (SECOND, False)}


def test_what_somebody_may_yet_write_to_is_left(world, out: Path, early: EarlyOutputs) -> None:
    (out / "open").write_bytes(FIRST)
    (out / "mapped").write_bytes(FIRST)
    (out / ".part").write_bytes(FIRST)
    (out / "pipe").touch()
    with (out / "open").open("r+b"):
        file = (out / "mapped").open("r+b")
        with file, mmap.mmap(file.fileno(), 0):
            file.close()
            (out / "pipe").unlink()
            os.mkfifo(out / "pipe")
            look(early)
    assert early.finish(states(out)) == {}
    (out / "pipe").unlink()
    assert taken(world, out, early) == there(out)


def test_a_link_on_the_way_is_not_followed(world, out: Path, early: EarlyOutputs) -> None:
    outside = out.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(FIRST)
    (out / "folder").symlink_to(outside)
    state = FileState.of((outside / "secret").stat())
    assert list(early._finished({"folder/secret": state})) == []
    (out / "folder").unlink()
    outside.rename(out / "folder")
    assert [path for path, _, _ in early._finished({"folder/secret": state})] == ["folder/secret"]


def test_little_is_left_to_the_end(
    world, out: Path, early: EarlyOutputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early_outputs, "_WORTHWHILE", SIZE + 1)
    (out / "a").write_bytes(FIRST)
    look(early)
    assert early._stored == {}
    (out / "b").write_bytes(b"12")
    look(early)
    assert set(early._stored) == {"a", "b"}


def test_nothing_is_stored_while_datums_wait_for_a_processor(world, out: Path) -> None:
    short = True
    with watch(world, out, lambda: short) as early:
        (out / "a").write_bytes(FIRST)
        look(early)
        assert early._stored == {}
        short = False
        look(early)
        assert set(early._stored) == {"a"}


def test_a_file_system_whose_times_do_not_tell_is_left_alone() -> None:
    assert not states_tell(Path("/dev/shm"))
    assert states_tell(Path(__file__).parent)


def test_packs_of_a_program_that_fails_are_gone(world, out: Path) -> None:
    before = packs(world)
    with watch(world, out) as early:
        early._session = PackSession(world.objects.backend, world.vs.chunks, pack_target=SIZE // 4)
        (out / "a").write_bytes(FIRST)
        look(early)
        wait_for_packs(world, before)
    assert packs(world) == before


@pytest.mark.parametrize("is_known", [False, True])
def test_what_is_collected_before_the_program_ends_is_read_again(
    world, out: Path, is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_known:
        monkeypatch.setattr(early_outputs, "_SESSION", 0)
    with watch(world, out) as early:
        early._session = PackSession(world.objects.backend, world.vs.chunks, pack_target=SIZE // 4)
        (out / "a").write_bytes(FIRST)
        look(early)
        assert set(early._stored) == {"a"}
        wait_for_packs(world, set())
        time.sleep(0.01)
        done = collect_garbage(world.vs, grace_s=0)
        assert (done.packs if is_known else done.orphans) >= 1
        assert early.finish(states(out)) == {}
        assert taken(world, out, early) == {"a": (FIRST, False)}
    collect_garbage(world.vs)


def test_a_store_that_is_away_meanwhile_is_asked_at_the_end(
    world, out: Path, early: EarlyOutputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = world.home / "store"
    (out / "a").write_bytes(FIRST)
    hidden = root.rename(root.with_name("hidden"))
    root.touch()
    look(early)
    assert early._stored == {}
    root.unlink()
    hidden.rename(root)
    assert taken(world, out, early) == {"a": (FIRST, False)}


WRITES = """
head -c 300000 /dev/zero | tr '\\0' "$(basename "$in")" >"$DATAVC_PFS/out/$(basename "$in")"
until [ -e "$CALLS/go" ]; do sleep 0.02; done
echo more >>"$DATAVC_PFS/out/$(basename "$in")"
echo other >"$DATAVC_PFS/out/other$(basename "$in")"
"""


def test_jobs_store_early(world, monkeypatch: pytest.MonkeyPatch) -> None:
    """One datum goes on to change its file, the other is done with it."""
    kept: list[set[str]] = []
    finish = EarlyOutputs.finish

    def watch_finish(self: EarlyOutputs, found: dict[str, FileState]) -> dict[str, object]:
        stored = finish(self, found)
        kept.append(set(stored))
        return stored

    store = EarlyOutputs._store
    seen: set[str] = set()

    def watch_store(self: EarlyOutputs, ready: dict[str, FileState]) -> None:
        store(self, ready)
        seen.update(self._stored)
        if seen >= {"a", "b"}:
            (world.calls / "go").touch()

    monkeypatch.setattr(EarlyOutputs, "finish", watch_finish)
    monkeypatch.setattr(EarlyOutputs, "_store", watch_store)
    world.repo("raw")
    world.put("raw", {"a": b"a", "b": b"b"})
    script = WRITES.replace("echo more", '[ "$(basename "$in")" = a ] || echo more')
    (job,) = world.pipeline("out", "raw", script)
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    assert world.files("out") == {
        "a": b"a" * 300_000,
        "b": b"b" * 300_000 + b"more\n",
        "othera": b"other\n",
        "otherb": b"other\n",
    }
    assert sorted(kept, key=len) == [set(), {"a"}]


def test_a_killed_engine_leaves_packs_that_are_collected(world) -> None:
    script = """
    head -c 70000000 /dev/urandom >"$DATAVC_PFS/out/large"
    if [ ! -e "$CALLS/once" ]; then echo $$ >"$CALLS/once"; exec sleep 60; fi
    """
    world.repo("raw")
    world.pipeline("out", "raw", script)
    run = world.put("raw", {"a": b"a"})
    before = packs(world)
    engine = subprocess.Popen([sys.executable, "-c", ENGINE, str(world.home)])
    try:
        while packs(world) == before:
            assert engine.poll() is None
            time.sleep(0.02)
    finally:
        os.kill(engine.pid, signal.SIGKILL)
        engine.wait()
        os.kill(int((world.calls / "once").read_text()), signal.SIGKILL)
    (job,) = world.drive(run)
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    content = world.files("out")
    assert len(content["large"]) == 70_000_000
    done = collect_garbage(world.vs, grace_s=0)
    assert done.orphans == 1
    assert done.orphan_bytes >= 64 * 1024 * 1024
    assert world.files("out") == content
