"""Working copies whose command is killed: doing it again completes it, and edits are kept."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import datavc

KILLS = int(os.environ.get("KILLS", "120")) // 10
FILES = 1500


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repo with two branches that differ in many files."""
    monkeypatch.setenv("DATAVC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATAVC_AUTHOR", "ada@example")
    source = tmp_path / "source"
    with datavc.connect() as client:
        client.create_repo("data")
        for branch in ("main", "side"):
            if branch == "side":
                client.create_branch("data", "side", start="main")
            for number in range(FILES):
                name = f"{number % 40}/{branch if number % 3 == 0 else 'both'}{number}"
                path = source / branch / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{branch if number % 2 else ''} {number}" * 50)
            (source / branch / "large").write_bytes(os.urandom(3_000_000))
            if branch == "side":
                client.remove("data@side", recursive=True, message="all")
            client.put(f"{source}/{branch}/", f"data@{branch}", recursive=True, message=branch)
    return source


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".datavc" not in path.parts
    }


def test_commands_that_are_killed(home: Path, tmp_path: Path) -> None:
    chance = random.Random(3)
    expected = {branch: files(home / branch) for branch in ("main", "side")}
    copy = tmp_path / "copy"
    half_done = 0
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "datavc_cli", "checkout", "data@main", str(copy), "--quiet"],
        check=True,
    )
    lasts = time.monotonic() - begun
    for number in range(KILLS):
        branch = ("side", "main")[number % 2]
        if number % 4 == 0:
            copy = tmp_path / f"copy{number}"
            command = ["checkout", f"data@{branch}", str(copy)]
        else:
            command = ["switch", branch, str(copy)]
        process = subprocess.Popen(
            [sys.executable, "-m", "datavc_cli", *command, "--quiet"], stderr=subprocess.PIPE
        )
        # Some end before they are killed, others have hardly begun.
        time.sleep(lasts * chance.uniform(0.3, 1.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode in (0, -signal.SIGKILL)
        half_done += process.returncode == -signal.SIGKILL
        with datavc.connect() as client:
            if number % 4 == 0:
                client.checkout(f"data@{branch}", copy)
            (copy / "mine").write_text("mine")
            work = client.working_copy(copy)
            assert work.switch(branch).conflicts == ()
            assert [change.path for change in work.status().changes] == ["mine"]
            (copy / "mine").unlink()
        assert files(copy) == expected[branch]
    assert half_done
