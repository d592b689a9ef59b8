from __future__ import annotations

from pathlib import Path

import pytest

from datavc.client.direct import PROBE_FOLDER, open_direct

NAME, SECRET = "0" * 32, "a" * 64


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "store" / PROBE_FOLDER).mkdir(parents=True)
    (tmp_path / "store" / PROBE_FOLDER / NAME).write_text(SECRET)
    return tmp_path / "store"


def test_the_probe_opens_the_folder(store: Path) -> None:
    backend = open_direct(str(store), NAME, SECRET)
    assert backend is not None
    backend.put("packs/a", b"x")
    assert (store / "packs" / "a").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        (NAME, "b" * 64),
        ("1" * 32, SECRET),
        ("../" + NAME, SECRET),
        (NAME, ""),
        (NAME, SECRET + "\n"),
        ("", ""),
    ],
)
def test_another_probe_does_not(store: Path, name: str, secret: str) -> None:
    assert open_direct(str(store), name, secret) is None


def test_forms_that_no_probe_has_are_not_even_read(store: Path) -> None:
    (store / "secret").write_text("password")
    assert open_direct(str(store), "../secret", "password") is None
    (store / PROBE_FOLDER / "secret").write_text("password")
    assert open_direct(str(store), "secret", "password") is None


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert open_direct(str(tmp_path / "none"), NAME, SECRET) is None
    assert not (tmp_path / "none").exists()


def test_a_relative_folder(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store.parent)
    assert open_direct("store", NAME, SECRET) is None


def test_a_folder_that_cannot_be_written(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datavc.client.direct.os.access", lambda *_: False)
    assert open_direct(str(store), NAME, SECRET) is None
