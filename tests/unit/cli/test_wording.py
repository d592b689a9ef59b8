from __future__ import annotations

import time

import pytest

from datavc_cli import wording


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name.csv", "plain name.csv"),
        ("größe 日本", "größe 日本"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("two\nlines\r\t", "two\\nlines\\r\\t"),
        ("csi\x9b2J", "csi\\x9b2J"),
        ("abc\u202efdp.exe", "abc\\u202efdp.exe"),
        ("line\u2028break", "line\\u2028break"),
    ],
)
def test_safe(text: str, shown: str) -> None:
    assert wording.safe(text) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536 * 1024, "1.5 MiB"),
        (2**62, "4096.0 PiB"),
    ],
)
def test_size(count: int, shown: str) -> None:
    assert wording.size(count) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")]
)
def test_seconds(value: float, shown: str) -> None:
    assert wording.seconds(value) == shown


def test_moment_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert wording.moment(0) == "1970-01-01 05:30:00"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert wording.moment(None) == "-"


def test_count() -> None:
    assert wording.count(1, "file") == "1 file"
    assert wording.count(2000, "file") == "2,000 files"
