from __future__ import annotations

import pytest

from datavc.errors import InvalidInput
from datavc_server.settings import ServerSettings, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"])
def test_loopback_needs_no_token(host: str) -> None:
    assert is_loopback(host)
    assert ServerSettings(host=host).token is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", "", "localhost.x"])
def test_all_else_needs_one(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(InvalidInput, match="token"):
        ServerSettings(host=host)
    assert ServerSettings(host=host, token="0123456789abcdef").host == host


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(InvalidInput, match="16 characters") as caught:
        ServerSettings(token="hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"allow_external": ("/folder",)},
        {"allow_external": ("s3://",)},
        {"allow_fetch": ("ftp://host",)},
        {"allow_fetch": ("file:///folder",)},
    ],
)
def test_prefixes_that_cannot_be_opened(settings: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(InvalidInput):
        ServerSettings(**settings)  # type: ignore[arg-type]
    ServerSettings(
        allow_external=("file:///folder", "s3://bucket/a"), allow_fetch=("http://host:80/a",)
    )
