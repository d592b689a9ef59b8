"""Files in and out, by the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import CommandLine


def paths(cli: CommandLine, address: str) -> list[str]:
    """All files at an address."""
    listed = cli.ok("ls", "-R", address, "--json").json
    assert isinstance(listed, list)
    return [file["path"] for file in listed]


@pytest.fixture
def photos(cli: CommandLine, tmp_path: Path) -> Path:
    """A folder of files, and the repo ``data``."""
    folder = tmp_path / "photos"
    (folder / "2024").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"aaa")
    (folder / "2024" / "b.jpg").write_bytes(b"b" * 100_000)
    (folder / "2024" / "c.txt").write_bytes(b"c")
    cli.ok("repo", "create", "data")
    return folder


PUTS = [
    (["photos/a.jpg", "data"], ["a.jpg"]),
    (["photos/a.jpg", "data:/new.jpg"], ["new.jpg"]),
    (["photos/a.jpg", "data:/x/"], ["x/a.jpg"]),
    (["photos/a.jpg", "photos/2024/c.txt", "data:/x"], ["x/a.jpg", "x/c.txt"]),
    (["-r", "photos", "data"], ["photos/2024/b.jpg", "photos/2024/c.txt", "photos/a.jpg"]),
    (["-r", "photos/", "data"], ["2024/b.jpg", "2024/c.txt", "a.jpg"]),
    (["-r", "photos/.", "data:/p"], ["p/2024/b.jpg", "p/2024/c.txt", "p/a.jpg"]),
    (["-r", "photos/2024", "data:/y"], ["y/b.jpg", "y/c.txt"]),
    (["-r", "photos/2024", "data:/y/"], ["y/2024/b.jpg", "y/2024/c.txt"]),
    (["photos/*", "data"], ["a.jpg"]),
    (["photos/**/*.jpg", "data:/j"], ["j/2024/b.jpg", "j/a.jpg"]),
    (["-r", "photos/2*", "data"], ["2024/b.jpg", "2024/c.txt"]),
]


def test_where_sources_go(cli: CommandLine, photos: Path) -> None:
    for number, (arguments, expected) in enumerate(PUTS):
        branch = f"data@case-{number}"
        cli.ok("branch", "create", branch)
        *sources, target = arguments
        cli.ok("put", *sources, target.replace("data", branch), "-m", "put")
        assert paths(cli, branch) == expected, arguments


def test_file_goes_into_a_folder_that_is_there(cli: CommandLine, photos: Path) -> None:
    cli.ok("put", "photos/a.jpg", "data:/in/first.jpg", "-m", "one")
    cli.ok("put", "photos/a.jpg", "data:/in", "-m", "two")
    assert paths(cli, "data") == ["in/a.jpg", "in/first.jpg"]


def test_folder_put_again_is_left_out(cli: CommandLine, photos: Path) -> None:
    first = cli.ok("put", "-r", "photos", "data", "-m", "one", "--json").json
    again = cli.ok("put", "-r", "photos", "data", "-m", "two", "--json").json
    assert isinstance(first, dict)
    assert isinstance(again, dict)
    assert (first["files"], first["unchanged"], first["bytes"]) == (3, 0, 100_004)
    assert (again["files"], again["unchanged"], again["commit"]) == (3, 3, None)
    assert cli.ok("log", "data", "--json").out.count('"message"') == 1


def test_staged_put_waits_for_the_commit(cli: CommandLine, photos: Path) -> None:
    cli.ok("put", "photos/a.jpg", "data")
    cli.ok("put", "photos/2024/c.txt", "data:/a.jpg")
    assert "new file:  /a.jpg" in cli.ok("status", "data").out
    assert paths(cli, "data") == []
    cli.ok("commit", "data", "-m", "both")
    assert cli.ok("cat", "data:/a.jpg").out == "c"
    nothing = cli("commit", "data", "-m", "none")
    assert nothing.code == 4
    assert "nothing is staged" in nothing.err


def test_put_with_a_message_leaves_the_staging_alone(cli: CommandLine, photos: Path) -> None:
    cli.ok("put", "photos/a.jpg", "data:/staged")
    cli.ok("put", "photos/a.jpg", "data:/now", "-m", "now")
    assert paths(cli, "data") == ["now"]
    assert "/staged" in cli.ok("status", "data").out


def test_standard_input(cli: CommandLine, photos: Path) -> None:
    cli.ok("put", "-", "data:/from/pipe", "-m", "piped", stdin=b"x" * 70_000)
    assert cli.ok("cat", "data:/from/pipe").out == "x" * 70_000
    nameless = cli("put", "-", "data", stdin=b"x")
    assert nameless.code == 2
    assert "whole path" in nameless.err


REFUSED = [
    (["photos", "data"], 2, "-r"),
    (["nope.txt", "data"], 3, "nope.txt"),
    (["*.nope", "data"], 3, "no file matches"),
    (["photos/a.jpg", "nope"], 3, "nope"),
    (["photos/a.jpg", "data@other"], 3, "other"),
    (["photos/a.jpg", "data@main~1"], 2, "only a branch"),
    (["photos/a.jpg", "data:/../up"], 2, ".."),
    (["-r", "photos/", "photos/a.jpg", "data"], 4, "would both become"),
]


def test_put_that_is_refused(cli: CommandLine, photos: Path) -> None:
    for arguments, code, said in REFUSED:
        ran = cli("put", *arguments)
        assert ran.code == code, arguments
        assert said in ran.err, arguments
    assert paths(cli, "data") == []


def test_symbolic_link_is_refused_or_followed(cli: CommandLine, photos: Path) -> None:
    (photos / "link").symlink_to("a.jpg")
    assert cli("put", "-r", "photos", "data").code == 1
    cli.ok("put", "-r", "--follow-links", "photos/", "data", "-m", "followed")
    assert cli.ok("cat", "data:/link").out == "aaa"


def test_remove(cli: CommandLine, photos: Path) -> None:
    cli.ok("put", "-r", "photos/", "data", "-m", "all")
    folder = cli("rm", "data:/2024")
    assert folder.code == 2
    assert "-r" in folder.err
    assert cli("rm", "data:/nope").code == 3
    cli.ok("rm", "data:/2024/*.txt")
    cli.ok("commit", "data", "-m", "less")
    assert paths(cli, "data") == ["2024/b.jpg", "a.jpg"]
    cli.ok("rm", "-r", "data:/2024", "-m", "lesser")
    assert paths(cli, "data") == ["a.jpg"]


def test_remove_of_what_is_only_staged(cli: CommandLine, photos: Path) -> None:
    cli.ok("put", "-r", "photos/", "data")
    cli.ok("rm", "-r", "data:/2024")
    cli.ok("commit", "data")
    assert paths(cli, "data") == ["a.jpg"]


GETS = [
    (["data"], ["data/2024/b.jpg", "data/2024/c.txt", "data/a.jpg"]),
    (["data", "-o", "out"], ["out/2024/b.jpg", "out/2024/c.txt", "out/a.jpg"]),
    (["data:/2024"], ["2024/b.jpg", "2024/c.txt"]),
    (["data:/2024", "-o", "out"], ["out/b.jpg", "out/c.txt"]),
    (["data:/2024", "-o", "out/"], ["out/2024/b.jpg", "out/2024/c.txt"]),
    (["data:/2024/", "-o", "out/"], ["out/b.jpg", "out/c.txt"]),
    (["data:/a.jpg", "-o", "out/"], ["out/a.jpg"]),
    (["data:/a.jpg", "-o", "new.jpg"], ["new.jpg"]),
    (["data:/2024/*.txt", "-o", "out"], ["out/c.txt"]),
]


def test_where_gets_go(
    cli: CommandLine, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.ok("put", "-r", "photos/", "data", "-m", "all")
    for number, (arguments, expected) in enumerate(GETS):
        here = tmp_path / f"here-{number}"
        here.mkdir()
        monkeypatch.chdir(here)
        cli.ok("get", *arguments)
        found = sorted(str(path.relative_to(here)) for path in here.rglob("*") if path.is_file())
        assert found == expected, arguments


def test_get_goes_on_where_it_stopped(cli: CommandLine, photos: Path, tmp_path: Path) -> None:
    cli.ok("put", "-r", "photos/", "data", "-m", "all")
    cli.ok("get", "data", "-o", "out")
    (tmp_path / "out" / "a.jpg").write_bytes(b"zzz")
    again = cli.ok("get", "data", "-o", "out", "--json").json
    assert isinstance(again, dict)
    assert (again["files"], again["kept"]) == (3, 2)
    assert (tmp_path / "out" / "a.jpg").read_bytes() == b"aaa"


def test_listing(cli: CommandLine, photos: Path) -> None:
    assert "no file yet" in cli.ok("ls", "data").err
    cli.ok("put", "-r", "photos/", "data", "-m", "all")
    assert cli.ok("ls", "data").out == "/2024/\n/a.jpg\n"
    assert cli.ok("ls", "data:/2024").out == "/2024/b.jpg\n/2024/c.txt\n"
    assert cli.ok("ls", "data:/2024/*.jpg").out == "/2024/b.jpg\n"
    assert "97.7 KiB" in cli.ok("ls", "-l", "data:/2024/b.jpg").out
    assert cli("ls", "data:/nope").code == 3


def test_diff(cli: CommandLine, photos: Path) -> None:
    cli.ok("put", "-r", "photos/", "data", "-m", "all")
    (photos / "a.jpg").write_bytes(b"AAAA")
    (photos / "d.jpg").write_bytes(b"d")
    cli.ok("put", "-r", "photos/", "data")
    cli.ok("rm", "data:/2024/c.txt")
    cli.ok("commit", "data", "-m", "change")
    assert cli.ok("diff", "data", "--name-only").out == "/2024/c.txt\n/a.jpg\n/d.jpg\n"
    assert cli.ok("diff", "data@main~1", "@main", "--name-only").out.count("\n") == 3
    assert cli.ok("diff", "data:/2024").out == "D  /2024/c.txt  (1 B)\n"
    assert cli.ok("diff", "data", "--stat", "--json").json == {
        "added": 1,
        "removed": 1,
        "modified": 1,
        "bytes_added": 5,
        "bytes_removed": 4,
    }


def test_names_cannot_harm_the_terminal(cli: CommandLine, tmp_path: Path) -> None:
    cli.ok("repo", "create", "data")
    (tmp_path / "evil\x1b[2J\n.txt").write_bytes(b"")
    cli.ok("put", "evil\x1b[2J\n.txt", "data", "-m", "evil\x1b]0;title\x07")
    for verb in ("ls", "diff", "log"):
        shown = cli.ok(verb, "data").out
        assert "\x1b" not in shown
        assert "\\x1b" in shown
    assert paths(cli, "data") == ["evil\x1b[2J\n.txt"]
