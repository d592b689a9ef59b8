from __future__ import annotations

from pathlib import Path

import pytest

from datavc.errors import InvalidInput
from datavc.store.external.allowed_prefixes import AllowedPrefixes


def test_buckets() -> None:
    allowed = AllowedPrefixes(["s3://open", "s3://half/a/b/"])
    for uri in ("s3://open/x", "s3://open/x/y", "s3://half/a/b/c", "s3://half/a/b"):
        assert allowed.allows(uri)
    for uri in (
        "s3://opened/x",
        "s3://half/a/bc",
        "s3://half/a",
        "s3://half/a/b/../c",
        "s3://half/a/b/%2e%2e/c",
        "https://open/x",
        "nothing",
    ):
        assert not allowed.allows(uri)


def test_nothing_is_allowed_by_default() -> None:
    assert not AllowedPrefixes([]).allows("s3://open/x")


def test_hosts() -> None:
    allowed = AllowedPrefixes(["https://Files.example.org"])
    assert allowed.allows("https://files.example.org:443/a?b=c")
    assert not allowed.allows("https://files.example.org:444/a")
    assert not allowed.allows("https://files.example.org.evil.org/a")
    assert not allowed.allows("https://u:p@files.example.org/a")


def test_files_by_the_path_that_links_lead_to(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("x")
    (root / "plain").write_text("x")
    (root / "link").symlink_to(outside / "secret")
    (root / "folder").symlink_to(outside)
    allowed = AllowedPrefixes([f"file://{root}"])
    assert allowed.allows(f"file://{root}/plain")
    assert not allowed.allows(f"file://{root}/link")
    assert not allowed.allows(f"file://{root}/folder/secret")
    assert not allowed.allows(f"file://{root}/../outside/secret")
    assert not allowed.allows(f"file://{root}/%2e%2e/outside/secret")
    assert not allowed.allows(f"file://{root}2/plain")


@pytest.mark.parametrize("prefix", ["/etc", "ftp://x", "s3://", "s3://b/../c", "http://", "*"])
def test_malformed_prefixes(prefix: str) -> None:
    with pytest.raises(InvalidInput):
        AllowedPrefixes([prefix])
