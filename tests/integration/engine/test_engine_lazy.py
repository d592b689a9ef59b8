"""Lazy inputs: named pipes whose files are fetched when the transform opens them."""

import threading
from collections.abc import Iterator

import pytest

from datavc.engine import datum_inputs, lazy_files
from datavc.errors import DataCorrupt
from datavc.model.job import JobState

BIG = bytes(range(256)) * 8192


def lazy(glob: str = "/", **fields: object) -> dict[str, object]:
    return {"pfs": {"name": "in", "repo": "raw", "glob": glob, "lazy": True, **fields}}


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sizes of the files that were fetched, as they are."""
    sizes: list[str] = []
    read = lazy_files.read_content

    def note(objects, entry) -> Iterator[bytes]:
        sizes.append(str(entry.size))
        return read(objects, entry)

    monkeypatch.setattr(lazy_files, "read_content", note)
    return sizes


def test_only_what_is_opened_is_fetched(world, fetched: list[str]) -> None:
    world.repo("raw")
    world.put("raw", {"a/big": BIG, "b": b"not wanted", "empty": b""})
    script = """
    cd "$DATAVC_PFS/in"
    [ -p a/big ] && [ -p b ] && [ -f empty ] && [ ! -s empty ]
    cat a/big >"$DATAVC_PFS/out/all"
    head -c 3 a/big >"$DATAVC_PFS/out/start"
    ls -R >"$DATAVC_PFS/out/names"
    """
    (job,) = world.pipeline("out", lazy(), script)
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    assert world.files("out") == {
        "all": BIG,
        "start": BIG[:3],
        "names": b".:\na\nb\nempty\n\n./a:\nbig\n",
    }
    assert fetched == [str(len(BIG))] * 2
    assert not [thread for thread in threading.enumerate() if "lazy" in thread.name]


def test_datums_one_after_the_other_each_have_their_files(world) -> None:
    world.repo("raw")
    files = {f"f{number}": b"%d" % number for number in range(6)}
    world.put("raw", files)
    (job,) = world.pipeline("out", lazy("/*"), 'cat "$in" >"$DATAVC_PFS/out/${in##*/}"')
    assert job.state is JobState.SUCCESS
    assert world.files("out") == files
    (job,) = world.commit_and_drive("raw", {"f0": b"other"})
    assert (job.datums_processed, job.datums_skipped) == (1, 5)
    assert world.files("out") == files | {"f0": b"other"}


def test_a_try_that_left_a_file_half_read_is_followed_by_one_that_reads_it_all(world) -> None:
    world.repo("raw")
    world.put("raw", {"big": BIG})
    script = """
    if [ ! -e "$CALLS/once" ]; then : >"$CALLS/once"; head -c 9 "$in/big"; exit 1; fi
    cat "$in/big" >"$DATAVC_PFS/out/big"
    """
    (job,) = world.pipeline("out", lazy(), script, datum_tries=2)
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    assert world.files("out") == {"big": BIG}


def test_names_are_enough_where_files_are_empty(world, fetched: list[str]) -> None:
    world.repo("raw")
    world.put("raw", {"a": b"content"})
    script = '[ -f "$in/a" ]; cat "$in/a" >"$DATAVC_PFS/out/a"'
    (job,) = world.pipeline("out", lazy(empty_files=True), script)
    assert job.state is JobState.SUCCESS
    assert world.files("out") == {"a": b""}
    assert fetched == []


def test_a_file_that_breaks_off_fails_the_job(world, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(objects, entry) -> Iterator[bytes]:
        yield b"half"
        raise DataCorrupt("pack 12 holds other bytes than were written")

    monkeypatch.setattr(lazy_files, "read_content", half)
    world.repo("raw")
    world.put("raw", {"a": b"content"})
    # The transform cannot tell, and ends well.
    (job,) = world.pipeline("out", lazy(), 'cat "$in/a" >"$DATAVC_PFS/out/a"')
    assert job.state is JobState.FAILURE
    assert "pack 12 holds other bytes" in job.reason
    assert world.head("out") is None


def test_nothing_is_made_of_pipes_without_lazy(world, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(datum_inputs, "LazyFiles")
    world.repo("raw")
    world.put("raw", {"a": b"content"})
    (job,) = world.pipeline("out", "raw", 'cp "$in" "$DATAVC_PFS/out/"')
    assert job.state is JobState.SUCCESS


@pytest.mark.docker
def test_containers_read_pipes(make_world, docker_image: str) -> None:
    world = make_world(executor="docker")
    world.repo("raw")
    world.put("raw", {"a": BIG, "b": b"b"})
    (job,) = world.create(
        {
            "pipeline": {"name": "out"},
            "transform": {
                "image": docker_image,
                "cmd": ["sh", "-ec", "[ -p /pfs/in/a ]; cat /pfs/in/b /pfs/in/a >/pfs/out/all"],
                "user": "1234",
            },
            "input": lazy(),
        }
    )
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    assert world.files("out") == {"all": b"b" + BIG}
