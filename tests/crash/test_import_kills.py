"""Imports and fetches that are killed leave a branch as it was, or as it was to become."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import datavc
from tests.services.web_server import Page, running_web

_IMPORT = """
import sys, datavc
with datavc.connect(home=sys.argv[1], author="ann") as client:
    print("ready", flush=True)
    client.import_external(sys.argv[2] + "/", "data", message="all")
"""
_FETCH = """
import sys, datavc
with datavc.connect(home=sys.argv[1], author="ann") as client:
    print("ready", flush=True)
    client.put(sys.argv[2], "data:/fetched", message="fetched")
"""


def killed(code: str, home: Path, source: str, seconds: float) -> None:
    """Run *code*, and kill it so long after it was ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(home), source], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("seconds", [0.05, 0.5])
def test_an_import_that_is_killed(tmp_path: Path, seconds: float) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(1500):
        (source / f"{number:05}").write_bytes(b"x")
    with datavc.connect(home=tmp_path / "home") as client:
        client.create_repo("data")
        killed(_IMPORT, tmp_path / "home", str(source), seconds)
        assert len(list(client.ls("data"))) in (0, 1500)
        assert client.status("data").staged == ()
        client.import_external(f"{source}/", "data", message="again")
        assert len(list(client.ls("data"))) == 1500
        client.gc(grace_s=0)
        found = client.fsck(deep=True, external=True)
        assert (found.problems, found.external) == ((), 1500)


def test_a_fetch_that_is_killed(tmp_path: Path) -> None:
    content = os.urandom(30_000_000)
    with datavc.connect(home=tmp_path / "home") as client, running_web() as web:
        client.create_repo("data")
        url = web.offer("/big", Page(content))
        for seconds in (0.05, 0.2):
            killed(_FETCH, tmp_path / "home", url, seconds)
            held = [one.size for one in client.ls("data")]
            assert held in ([], [len(content)])
        client.put(url, "data:/fetched", message="again")
        assert client.read("data:/fetched") == content
        client.gc(grace_s=0)
        assert client.fsck(deep=True).problems == ()
