"""What the variables of OpenLineage mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from datavc.errors import InvalidInput
from datavc.integrations.openlineage.delivery import Pauses
from datavc.integrations.openlineage.settings import from_environment

TRANSPORT = "OPENLINEAGE__TRANSPORT"


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "ENDPOINT", "API_KEY", "NAMESPACE", "DISABLED"):
        monkeypatch.delenv(f"OPENLINEAGE_{name}", raising=False)
    for name in ("TYPE", "URL", "LOG_FILE_PATH"):
        monkeypatch.delenv(f"{TRANSPORT}__{name}", raising=False)


@pytest.mark.parametrize(
    ("base", "endpoint", "url"),
    [
        ("https://marquez", None, "https://marquez/api/v1/lineage"),
        ("http://marquez:5000/", None, "http://marquez:5000/api/v1/lineage"),
        ("https://host/below", "/lineage", "https://host/below/lineage"),
    ],
)
def test_where_events_are_posted(
    base: str, endpoint: str | None, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", base)
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "secret")
    if endpoint is not None:
        monkeypatch.setenv("OPENLINEAGE_ENDPOINT", endpoint)
    found = from_environment()
    assert (found.url, found.api_key, found.file) == (url, "secret", None)
    assert "secret" not in repr(found)


def test_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{TRANSPORT}__TYPE", "file")
    with pytest.raises(InvalidInput, match="LOG_FILE_PATH"):
        from_environment()
    monkeypatch.setenv(f"{TRANSPORT}__LOG_FILE_PATH", "lineage.jsonl")
    assert from_environment().file == Path.cwd() / "lineage.jsonl"


@pytest.mark.parametrize("url", ["", "marquez:5000", "ftp://host", "https://user:secret@host"])
def test_addresses_that_are_none(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", url)
    with pytest.raises(InvalidInput) as caught:
        from_environment()
    assert "secret" not in str(caught.value)


def test_transports_that_are_not_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{TRANSPORT}__TYPE", "kafka")
    with pytest.raises(InvalidInput, match="'kafka'"):
        from_environment()


def test_pauses_grow_up_to_the_longest() -> None:
    pauses = Pauses(first_s=2.0, longest_s=600.0)
    assert [pauses.after(attempts) for attempts in (1, 2, 3, 100, 10_000)] == [2, 6, 18, 600, 600]
