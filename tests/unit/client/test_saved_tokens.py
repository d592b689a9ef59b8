from __future__ import annotations

import stat
from pathlib import Path

import pytest

from datavc.client.saved_tokens import forget_token, save_token, saved_token
from datavc.errors import AccessDenied, DataCorrupt


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "datavc"


def test_tokens_are_kept_by_server_where_nobody_else_can_read_them(config: Path) -> None:
    assert saved_token("http://a:1") is None
    place = save_token("http://a:1/", "one")
    save_token("http://b:1", "two")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.stat().st_mode) == 0o700
    assert (saved_token("http://a:1"), saved_token("http://b:1/")) == ("one", "two")
    assert forget_token("http://a:1")
    assert not forget_token("http://a:1")
    assert (saved_token("http://a:1"), saved_token("http://b:1")) == (None, "two")
    assert [one.name for one in config.iterdir()] == ["tokens.json"]


def test_a_file_that_others_can_read_is_not_used() -> None:
    place = save_token("http://a:1", "one")
    place.chmod(0o640)
    for use in (saved_token, forget_token, lambda address: save_token(address, "two")):
        with pytest.raises(AccessDenied, match="others may read"):
            use("http://a:1")


def test_a_file_of_something_else() -> None:
    place = save_token("http://a:1", "one")
    place.write_text("[]")
    with pytest.raises(DataCorrupt):
        saved_token("http://a:1")
