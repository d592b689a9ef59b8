"""Working copies, by the SDK and the command line, in this process and behind HTTP."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import datavc
from datavc.errors import Conflict, InvalidPath, LostRace, NotFound, NothingStaged
from datavc.model.link_handling import LinkHandling
from datavc.versioning import stat_cache
from datavc.versioning.working_copy import update
from tests.e2e.conftest import CommandLine


@pytest.fixture
def copy(client: datavc.Client, tmp_path: Path) -> Path:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "a").write_text("one\n")
    (source / "run").write_text("#!/bin/sh\n")
    (source / "run").chmod(0o755)
    (source / "sub" / "b").write_text("two\n")
    (source / "link").symlink_to("sub/b")
    client.create_repo("data")
    client.put(f"{source}/", "data", recursive=True, links=LinkHandling.KEEP, message="first")
    client.checkout("data", tmp_path / "copy")
    return tmp_path / "copy"


def changes(client: datavc.Client, copy: Path) -> dict[str, str]:
    return {change.path: change.kind.value for change in client.working_copy(copy).status().changes}


def test_what_is_checked_out_is_as_it_was(client: datavc.Client, copy: Path) -> None:
    assert (copy / "a").read_text() == "one\n"
    assert os.access(copy / "run", os.X_OK)
    assert (copy / "link").is_symlink()
    assert (copy / "link").readlink() == Path("sub/b")
    status = client.working_copy(copy / "sub").status()
    assert (status.root, status.repo, status.ref, status.changes) == (
        str(copy),
        "data",
        "main",
        (),
    )
    with pytest.raises(NothingStaged):
        client.working_copy(copy).commit("nothing")


def test_only_what_was_changed_is_committed(
    client: datavc.Client, copy: Path, tmp_path: Path
) -> None:
    (copy / "a").write_text("ONE\n")
    (copy / "sub" / "b").unlink()
    (copy / "new" / "deep").mkdir(parents=True)
    (copy / "new" / "deep" / "file").write_bytes(os.urandom(300_000))
    (copy / "hollow").mkdir()
    (copy / "run").chmod(0o644)
    (copy / "link").unlink()
    (copy / "link").symlink_to("a")
    found = changes(client, copy)
    assert found == {
        "a": "modified",
        "hollow/": "added",
        "link": "modified",
        "new/deep/file": "added",
        "run": "modified",
        "sub/": "added",
        "sub/b": "removed",
    }
    commit = client.working_copy(copy).commit("second")
    assert commit.message == "second"
    assert changes(client, copy) == {}
    client.checkout("data", tmp_path / "other")
    other = tmp_path / "other"
    assert (other / "hollow").is_dir()
    assert (other / "sub").is_dir()
    assert not os.access(other / "run", os.X_OK)
    assert (other / "link").readlink() == Path("a")
    assert (other / "new/deep/file").read_bytes() == (copy / "new/deep/file").read_bytes()
    assert {change.path for change in client.diff("data@main~1", "data@main")} >= {"a", "sub/b"}


def test_a_change_of_equal_size_is_seen(client: datavc.Client, copy: Path) -> None:
    assert changes(client, copy) == {}
    (copy / "a").write_text("uno\n")
    assert changes(client, copy) == {"a": "modified"}
    (copy / "a").write_text("one\n")
    assert changes(client, copy) == {}


def test_pull_keeps_what_was_changed_here(
    client: datavc.Client, copy: Path, tmp_path: Path
) -> None:
    client.put(b"theirs\n", "data:/a", message="a")
    client.put(b"added\n", "data:/sub/c", message="c")
    client.remove("data:/run", message="no run")
    (copy / "mine").write_text("mine\n")
    with pytest.raises(LostRace, match="moved on"):
        client.working_copy(copy).commit("too late")
    done = client.working_copy(copy).pull()
    assert (done.written, done.removed, done.conflicts) == (2, 1, ())
    assert (copy / "a").read_text() == "theirs\n"
    assert (copy / "sub" / "c").exists()
    assert not (copy / "run").exists()
    assert changes(client, copy) == {"mine": "added"}
    client.working_copy(copy).commit("mine")


def test_conflicts_are_listed_and_nothing_is_done(client: datavc.Client, copy: Path) -> None:
    client.put(b"theirs\n", "data:/a", message="a")
    client.put(b"below\n", "data:/new/file", message="new")
    client.put(b"same\n", "data:/same", message="same")
    client.put(b"more\n", "data:/more", message="more")
    (copy / "a").write_text("mine\n")
    (copy / "new").write_text("a file where a folder comes\n")
    (copy / "same").write_text("same\n")
    done = client.working_copy(copy).pull()
    assert done.conflicts == ("a", "new/file")
    assert not (copy / "more").exists()
    (copy / "new").unlink()
    assert client.working_copy(copy).pull(force=True).conflicts == ()
    assert (copy / "a").read_text() == "theirs\n"
    assert changes(client, copy) == {}


def test_switch_and_restore(client: datavc.Client, copy: Path) -> None:
    work = client.working_copy(copy)
    work.create_branch("side")
    work.switch("side")
    (copy / "only-here").write_text("x")
    (copy / "a").write_text("side\n")
    work.commit("side")
    work.switch("main")
    assert not (copy / "only-here").exists()
    assert (copy / "a").read_text() == "one\n"
    assert client.read("data@side:/a") == b"side\n"
    (copy / "a").write_text("changed\n")
    (copy / "sub" / "b").unlink()
    (copy / "untracked").write_text("stays")
    assert work.restore(["sub"]).written == 1
    assert changes(client, copy) == {"a": "modified", "untracked": "added"}
    work.restore()
    assert changes(client, copy) == {"untracked": "added"}
    with pytest.raises(NotFound):
        work.restore(["nothing"])
    work.switch("main~0")
    with pytest.raises(Conflict, match="no branch"):
        work.commit("nowhere")


def test_a_part_of_a_repo(client: datavc.Client, copy: Path, tmp_path: Path) -> None:
    client.checkout("data:/sub", tmp_path / "part")
    assert (tmp_path / "part" / "b").read_text() == "two\n"
    (tmp_path / "part" / "c").write_text("c")
    client.working_copy(tmp_path / "part").commit("part")
    assert [info.path for info in client.ls("data:/sub/")] == ["sub/b", "sub/c"]
    client.put(b"elsewhere", "data:/a", message="elsewhere")
    assert client.working_copy(tmp_path / "part").pull().written == 0
    with pytest.raises(NotFound, match="no folder"):
        client.checkout("data:/nothing", tmp_path / "nothing")


def test_what_is_ignored_is_left_alone(client: datavc.Client, copy: Path) -> None:
    (copy / ".datavcignore").write_text("*.tmp\n/cache/\n!keep.tmp\n")
    (copy / "sub" / ".datavcignore").write_text("secret\n")
    (copy / "cache").mkdir()
    for name in ("x.tmp", "keep.tmp", "cache/x", "sub/secret", "secret"):
        (copy / name).write_text("x")
    assert set(changes(client, copy)) == {
        ".datavcignore",
        "keep.tmp",
        "secret",
        "sub/.datavcignore",
    }
    client.create_repo("put")
    client.put(f"{copy}/sub/", "put", recursive=True, message="m")
    assert [info.path for info in client.ls("put")] == [".datavcignore", "b"]


def test_a_file_that_was_removed_while_it_was_ignored_is_missed_after(
    client: datavc.Client, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stat_cache, "_UNSETTLED_NS", 0)
    client.put(b"x", "data:/deep/kept", message="one")
    client.put(b"y", "data:/deep/other", message="two")
    client.working_copy(copy).pull()
    (copy / ".datavcignore").write_text("/deep/kept\n")
    (copy / "deep" / "kept").unlink()
    assert changes(client, copy) == {".datavcignore": "added"}
    (copy / ".datavcignore").unlink()
    assert changes(client, copy) == {"deep/kept": "removed"}


def test_what_cannot_be_held_is_told_before_anything_is_written(
    client: datavc.Client, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put(b"x", f"data:/zzz/{'n' * 200}", message="long")
    limits = {"PC_NAME_MAX": 143, "PC_PATH_MAX": 4096}
    with monkeypatch.context() as small:
        small.setattr(os, "pathconf", lambda _, name: limits[name])
        with pytest.raises(InvalidPath, match="143 bytes"):
            client.checkout("data", tmp_path / "fresh")
    assert not (tmp_path / "fresh").exists()
    client.create_repo("own")
    client.put(b"x", "own:/.datavc/copy.json", message="own")
    with pytest.raises(InvalidPath, match="own folder"):
        client.checkout("own", tmp_path / "own")


def test_links_never_lead_writes_out(client: datavc.Client, copy: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b").write_text("not ours\n")
    client.put(b"new\n", "data:/sub/b", message="b")
    (copy / "sub" / "b").unlink()
    (copy / "sub").rmdir()
    (copy / "sub").symlink_to(outside)
    with pytest.raises(InvalidPath):
        client.working_copy(copy).pull(force=True)
    assert (outside / "b").read_text() == "not ours\n"


def test_an_interrupted_checkout_is_completed(
    client: datavc.Client, copy: Path, tmp_path: Path
) -> None:
    target = tmp_path / "again"
    client.checkout("data", target)
    state = (target / ".datavc" / "copy.json").read_text()
    head = client.status("data").head
    assert head is not None
    begun = state.replace(f'"commit": "{head}"', '"commit": null').replace(
        '"under_way": []', f'"under_way": ["{head}"]'
    )
    assert begun != state
    (target / ".datavc" / "copy.json").write_text(begun)
    (target / "a").write_text("on")
    (target / "run").unlink()
    client.checkout("data", target)
    assert (target / "a").read_text() == "one\n"
    assert changes(client, target) == {}


@pytest.mark.parametrize("goes_on", ["pull", "switch", "elsewhere"])
def test_an_interrupted_switch_leaves_nothing_behind(
    client: datavc.Client, copy: Path, monkeypatch: pytest.MonkeyPatch, goes_on: str
) -> None:
    """What it had written is not taken for somebody's change; what somebody changed is kept."""
    work = client.working_copy(copy)
    for name in ("side", "third"):
        client.create_branch("data", name, start="main")
    for path, text in (("a", "side\n"), ("new/file", "new\n"), ("z", "last\n")):
        client.put(text.encode(), f"data@side:/{path}", message=path)
    client.remove("data@side:/run", message="no run")
    client.put(b"third\n", "data@third:/sub/b", message="third")
    (copy / "mine").write_text("mine\n")
    restore = update.restore_files

    def die(objects: object, files: object, target: Path, **options: object) -> None:
        restore(objects, tuple(files)[:-1], target, **options)  # type: ignore[arg-type]
        # As a file that was being written when the process was killed.
        (target / "z").write_text("la")
        (target / "sub" / ".datavc-01a212e9f29c738aa027456e6e613d16.part").write_text("b")
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(update, "restore_files", die)
        with pytest.raises(KeyboardInterrupt):
            work.switch("side")
    assert (copy / "a").read_text() == "side\n"
    with pytest.raises(Conflict, match="interrupted"):
        work.commit("half of it")
    expected = {"pull": "main", "switch": "side", "elsewhere": "third"}[goes_on]
    done = work.pull() if goes_on == "pull" else work.switch(expected)
    assert done.conflicts == ()
    assert changes(client, copy) == {"mine": "added"}
    client.checkout(f"data@{expected}", copy.parent / "fresh")
    (copy / "mine").unlink()
    for folder in (copy, copy.parent / "fresh"):
        assert client.working_copy(folder).status().changes == ()
    assert (copy / "z").exists() == (expected == "side")
    assert (copy / "run").exists() == (expected != "side")


def test_an_edit_after_an_interruption_is_kept(
    client: datavc.Client, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put(b"theirs\n", "data:/a", message="a")

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(update, "restore_files", die)
        with pytest.raises(KeyboardInterrupt):
            client.working_copy(copy).pull()
    (copy / "a").write_text("mine\n")
    assert client.working_copy(copy).pull().conflicts == ("a",)
    assert (copy / "a").read_text() == "mine\n"


def test_by_the_command_line(
    cli: CommandLine, client: datavc.Client, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("status").code == 3
    assert cli("checkout", "data", str(copy.parent / "source")).code == 4
    monkeypatch.chdir(copy / "sub")
    assert "Nothing is changed" in cli.ok("status").err
    (copy / "a").write_text("changed\n")
    assert "modified:  a" in cli.ok("status").out
    assert cli.ok("status", "--json").json["changes"] == [  # type: ignore[index, call-overload]
        {"path": "a", "kind": "modified"}
    ]
    assert "on data@main" in cli.ok("commit", "-m", "changed").out
    assert cli("commit", "-m", "nothing").code == 4
    client.put(b"theirs\n", "data:/a", message="a")
    (copy / "a").write_text("mine\n")
    assert "by now: datavc pull" in cli.ok("status").err
    stopped = cli("pull")
    assert (stopped.code, "\n  a\n" in stopped.err) == (4, True)
    assert "restored 1 file" in cli.ok("restore", "../a").out
    assert "wrote 1 file" in cli.ok("pull").out
    assert "already" in cli.ok("pull").out
    cli.ok("switch", "-c", "side")
    assert "data@side" in cli.ok("status").out
    assert cli("restore").code == 2
    assert cli("restore", "/etc/passwd").code == 2


def test_a_refused_checkout_leaves_nothing(client: datavc.Client, tmp_path: Path) -> None:
    client.create_repo("data")
    client.put(b"{}", "data:/.datavc/copy.json", message="not for a working copy")
    with pytest.raises(InvalidPath):
        client.checkout("data", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "mine").write_text("mine")
    with pytest.raises(InvalidPath):
        client.checkout("data", tmp_path / "old", force=True)
    assert [one.name for one in (tmp_path / "old").iterdir()] == ["mine"]


def test_a_planted_link_is_not_followed(client: datavc.Client, tmp_path: Path) -> None:
    client.create_repo("data")
    client.put(b"a", "data:/a", message="a")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / ".datavc").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidPath, match="is a link"):
        client.checkout("data", tmp_path / "work", force=True)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not (tmp_path / "work" / "a").exists()


@pytest.mark.parametrize("path", ["../home", "../link", "../copy/./../link/"])
def test_a_home_is_the_same_by_whatever_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy"
    with datavc.connect(home=home, author="ann") as client:
        client.create_repo("data")
        client.put(b"one", "data:/a", message="first")
        client.checkout("data", copy)
    (tmp_path / "link").symlink_to(home)
    monkeypatch.chdir(copy)
    with datavc.connect(home=path) as client:
        assert client.working_copy(".").status().changes == ()
        client.checkout("data", tmp_path / "by-path")
    with datavc.connect(home=home) as client:
        assert client.working_copy(tmp_path / "by-path").status().changes == ()
    with (
        datavc.connect(home=tmp_path / "another") as client,
        pytest.raises(Conflict, match="another datavc"),
    ):
        client.working_copy(".")
