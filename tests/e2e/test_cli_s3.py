"""``datavc s3 key``, in this process's home and through a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import datavc
from datavc.errors import InvalidInput, NotFound
from tests.e2e.conftest import CommandLine
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


def test_the_command(cli: CommandLine) -> None:
    assert "datavc s3 key create" in cli.ok("s3", "key", "list").err
    made = cli.ok("s3", "key", "create", "--account", "ana", "--json").json
    listed = cli.ok("s3", "key", "list").out
    assert made["id"] in listed
    assert made["secret"] not in listed
    cli.ok("s3", "key", "create", "--read-only")
    assert [one["read_only"] for one in cli.ok("s3", "key", "list", "--json").json] == [False, True]
    cli.ok("s3", "key", "revoke", made["id"])
    gone = cli("s3", "key", "revoke", made["id"])
    assert (gone.code, "datavc s3 key list" in gone.err) == (3, True)


@pytest.mark.parametrize("text", ["8251", ":8251", "localhost:x", "localhost:99999"])
def test_an_address_that_is_none(cli: CommandLine, text: str) -> None:
    refused = cli("serve", "--s3", text)
    assert (refused.code, "HOST:PORT" in refused.err) == (2, True)
