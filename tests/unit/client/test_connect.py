from __future__ import annotations

from pathlib import Path

import pytest

import datavc
from datavc.errors import InvalidInput


def test_home_is_made_and_described(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    with datavc.connect(home=home, author="ada") as client:
        assert client.author == "ada"
        assert client.describe()["address"] == str(home)
    assert (home / "datavc.db").exists()


def test_address_may_be_a_home_folder(tmp_path: Path) -> None:
    with datavc.connect(str(tmp_path / "here")) as client:
        assert client.describe()["kind"] == "embedded"


def test_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAVC_HOME", str(tmp_path / "h"))
    monkeypatch.setenv("DATAVC_STORE", str(tmp_path / "s"))
    monkeypatch.setenv("DATAVC_AUTHOR", "bob")
    with datavc.connect() as client:
        assert client.author == "bob"
        client.create_repo("data")
        client.put(b"x", "data:/x", message="x")
        assert client.describe()["store"] == str(tmp_path / "s")
    assert any((tmp_path / "s").rglob("*.pack"))


def test_database_elsewhere(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'other.db'}"
    with datavc.connect(home=tmp_path, database=database) as client:
        assert client.describe()["database"] == database


@pytest.mark.parametrize(
    ("address", "home"),
    [("ftp://host", None), ("http://host", "/tmp/x"), ("here", "there")],
)
def test_what_does_not_go_together(address: str, home: str | None) -> None:
    with pytest.raises(InvalidInput):
        datavc.connect(address, home=home)


def test_home_given_beats_the_server_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAVC_URL", "http://127.0.0.1:1")
    with datavc.connect(home=tmp_path) as client:
        assert client.describe()["kind"] == "embedded"


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        datavc.nonsense  # noqa: B018
