"""``datavc s3 key``, in this process's home and through a server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import datavc
from datavc.errors import InvalidInput, NotFound
from tests.services.http_server import running_server


@pytest.fixture(params=["embedded", "http"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[datavc.Client]:
    if request.param == "embedded":
        with datavc.connect(home=tmp_path / "home", author="ana") as embedded:
            yield embedded
        return
    with (
        running_server(tmp_path / "home") as url,
        datavc.connect(url, author="ana") as remote,
    ):
        yield remote


def test_a_key_is_made_listed_and_revoked(client: datavc.Client) -> None:
    made = client.create_s3_key()
    reader = client.create_s3_key("bob", read_only=True)
    assert made.secret not in repr(made)
    found = client.list_s3_keys()
    assert [(one.id, one.account, one.read_only) for one in found] == [
        (made.id, "ana", False),
        (reader.id, "bob", True),
    ]
    client.revoke_s3_key(made.id)
    assert [one.id for one in client.list_s3_keys()] == [reader.id]
    with pytest.raises(NotFound, match=made.id):
        client.revoke_s3_key(made.id)
    with pytest.raises(InvalidInput, match="account"):
        client.create_s3_key("two\nlines")


def test_the_secret_is_nowhere_in_the_home(tmp_path: Path) -> None:
    with datavc.connect(home=tmp_path / "home") as client:
        made = client.create_s3_key()
    for file in (tmp_path / "home").rglob("*"):
        if file.is_file():
            assert made.secret.encode() not in file.read_bytes()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["datavc", *arguments], capture_output=True, text=True)


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    assert "datavc s3 key create" in run("s3", "key", "list").stderr
    made = json.loads(run("s3", "key", "create", "--account", "ana", "--json").stdout)
    listed = run("s3", "key", "list").stdout
    assert made["id"] in listed
    assert made["secret"] not in listed
    assert run("s3", "key", "revoke", made["id"]).stdout == f"revoked {made['id']}\n"
    gone = run("s3", "key", "revoke", made["id"])
    assert (gone.returncode, "datavc s3 key list" in gone.stderr) == (3, True)


def test_an_address_that_is_none() -> None:
    for text in ("8251", ":8251", "localhost:x", "localhost:99999"):
        refused = run("serve", "--s3", text)
        assert (refused.returncode, "HOST:PORT" in refused.stderr) == (2, True)
