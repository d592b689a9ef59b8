import base64
import threading
from pathlib import Path

import pytest

from datavc.engine.secret_box import SecretBox
from datavc.errors import AccessDenied, InvalidInput, UnknownFormat

VALUES = {"password": b"correct horse", "bytes": bytes(range(256))}


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATAVC_SECRET_KEY", raising=False)


def test_what_is_sealed_can_be_opened_and_not_be_read(tmp_path: Path) -> None:
    box = SecretBox(tmp_path)
    sealed = box.seal("name", VALUES)
    assert SecretBox(tmp_path).open("name", sealed) == VALUES
    assert b"correct" not in sealed
    assert b"password" not in sealed
    assert box.seal("name", VALUES) != sealed


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    SecretBox(tmp_path).seal("name", VALUES)
    (key,) = tmp_path.iterdir()
    assert (key.name, key.stat().st_mode & 0o777) == ("secret.key", 0o600)


def test_the_key_may_be_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAVC_SECRET_KEY", base64.b64encode(b"k" * 32).decode())
    sealed = SecretBox(tmp_path).seal("name", VALUES)
    assert list(tmp_path.iterdir()) == []
    assert SecretBox(tmp_path / "elsewhere").open("name", sealed) == VALUES


@pytest.mark.parametrize(
    "key", ["short", "not base64 at all!", base64.b64encode(b"k" * 31).decode()]
)
def test_a_malformed_key_is_refused(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAVC_SECRET_KEY", key)
    with pytest.raises(InvalidInput, match="DATAVC_SECRET_KEY holds no key"):
        SecretBox(tmp_path).seal("name", VALUES)


def test_another_key_or_name_or_a_changed_byte_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = SecretBox(tmp_path)
    sealed = box.seal("name", VALUES)
    with pytest.raises(AccessDenied, match="'other' was encrypted with another key"):
        box.open("other", sealed)
    for at in (1, 13, len(sealed) - 1):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(AccessDenied):
            box.open("name", changed)
    with pytest.raises(UnknownFormat):
        box.open("name", b"\x02" + sealed[1:])
    with pytest.raises(AccessDenied, match="cannot be read from"):
        SecretBox(tmp_path / "none").open("name", sealed)
    monkeypatch.setenv("DATAVC_SECRET_KEY", base64.b64encode(b"k" * 32).decode())
    with pytest.raises(AccessDenied):
        box.open("name", sealed)


def test_those_who_make_the_first_secrets_at_once_have_one_key(tmp_path: Path) -> None:
    sealed: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: sealed.append(SecretBox(tmp_path).seal("name", VALUES)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [SecretBox(tmp_path).open("name", each) for each in sealed] == [VALUES] * 8
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_home_that_nothing_else_has_made_is_made(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    sealed = SecretBox(home).seal("name", VALUES)
    assert SecretBox(home).open("name", sealed) == VALUES
    assert home.stat().st_mode & 0o777 == 0o700
