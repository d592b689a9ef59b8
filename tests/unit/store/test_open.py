from __future__ import annotations

from pathlib import Path

import pytest

from datavc.errors import InvalidAddress
from datavc.store.backends.local import LocalBackend
from datavc.store.backends.memory import MemoryBackend
from datavc.store.open import open_backend


def test_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in (str(tmp_path / "a b"), f"file://{tmp_path}/a%20b"):
        backend = open_backend(url)
        assert isinstance(backend, LocalBackend)
        assert backend.root == tmp_path / "a b"
    monkeypatch.setenv("HOME", str(tmp_path))
    backend = open_backend("~/store")
    assert isinstance(backend, LocalBackend)
    assert backend.root == tmp_path / "store"


def test_memory() -> None:
    assert isinstance(open_backend("memory://"), MemoryBackend)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://host/x", "s3://", "file://host/x", "file://", "s3://bucket/x?y=1", "file:///x#y"],
)
def test_malformed(url: str) -> None:
    with pytest.raises(InvalidAddress):
        open_backend(url)
