"""Appending to files, and putting only new ones."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import datavc
from datavc.errors import AlreadyExists, LostRace
from tests.e2e.conftest import CommandLine


@pytest.fixture
def repo(client: datavc.Client) -> str:
    client.create_repo("data")
    return "data"


def test_only_the_end_is_stored(client: datavc.Client, repo: str, tmp_path: Path) -> None:
    content = os.urandom(5_000_000)
    client.append(content, "data:/log", message="new")
    (tmp_path / "more").write_bytes(b"more")
    done = client.append(tmp_path / "more", "data:/log", message="more")
    assert done.stored_bytes < 1_500_000
    client.append(io.BytesIO(b" and more"), "data:/log", message="more")
    assert client.read("data:/log") == content + b"more and more"
    assert len(list(client.log("data"))) == 3


def test_what_is_staged_is_appended_to(client: datavc.Client, repo: str) -> None:
    client.put(b"one", "data:/log")
    client.append(b" two", "data:/log")
    client.append(b"other", "data:/log2")
    client.commit("data", "both")
    assert client.read("data:/log") == b"one two"


def test_those_who_append_at_once_lose_nothing(client: datavc.Client, repo: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        lines = [f"{number}\n".encode() for number in range(8)]
        list(pool.map(lambda line: client.append(line, "data:/log", message="line"), lines))
    assert sorted(client.read("data:/log").splitlines(keepends=True)) == sorted(lines)


def test_a_stream_that_loses_is_told(
    client: datavc.Client, repo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            monkeypatch.undo()
            if not list(client.log("data")):
                client.put(b"other", "data:/other", message="other")
            return super().read(size)

    with pytest.raises(LostRace):
        client.append(Slow(b"late"), "data:/log", message="late")


def test_by_the_command_line(cli: CommandLine, tmp_path: Path) -> None:
    cli.ok("repo", "create", "data")
    cli.ok("put", "-", "data:/log", "-m", "1", stdin=b"one")
    cli.ok("put", "--append", "-", "data:/log", "-m", "2", stdin=b" two")
    assert cli.ok("cat", "data:/log").out == "one two"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "log").write_text("new")
    (tmp_path / "folder" / "other").write_text("new")
    refused = cli("put", "-r", "--no-overwrite", f"{tmp_path}/folder/", "data", "-m", "3")
    assert (refused.code, "data@main:/log' is there already" in refused.err) == (4, True)
    assert cli("put", "--no-overwrite", "-", "data:/log", "-m", "3", stdin=b"x").code == 4
    (tmp_path / "folder" / "log").unlink()
    cli.ok("put", "-r", "--no-overwrite", f"{tmp_path}/folder/", "data", "-m", "3")
    assert cli.ok("cat", "data:/other").out == "new"
    assert cli("put", "--append", "a", "b", "data:/log").code == 2


def test_staged_files_count_as_there(client: datavc.Client, repo: str) -> None:
    client.put(b"one", "data:/a")
    with pytest.raises(AlreadyExists):
        client.put(b"two", "data:/a", overwrite=False)
    client.put(b"one", "data:/a", overwrite=False)
