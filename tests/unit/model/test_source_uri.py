from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datavc.errors import InvalidAddress
from datavc.model.source_uri import (
    check_kept,
    check_web,
    file_path,
    file_uri,
    is_remote,
    object_uri,
    shown,
    split_object,
)

KEYS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(KEYS)
def test_every_key_and_path_has_a_uri_of_its_own(key: str) -> None:
    uri = object_uri("bucket", key)
    assert uri.isascii()
    assert split_object(uri) == ("bucket", key)
    assert file_path(file_uri(f"/{key}")) == f"/{key}"


@pytest.mark.parametrize(
    "uri",
    [
        "s3://bucket/a/b%20c",
        "file:///a/%C3%BC",
        "https://host/a?b=c",
        "http://127.0.0.1:8000/",
        "https://[::1]/x",
    ],
)
def test_what_may_be_kept(uri: str) -> None:
    check_kept(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/etc/passwd",
        "s3://bucket",
        "s3://bucket/",
        "s3://bucket/a/",
        "s3://bucket/a b",
        "s3://bucket/%61",
        "s3://bucket/a//b",
        "s3://bucket/a/../b",
        "s3://bucket/./b",
        "s3:///b",
        "s3://user:pa55@bucket/b",
        "s3://bucket/b?versionId=1",
        "S3://bucket/b",
        "file:///",
        "file:///a/../b",
        "file://host/a",
        "file:///a/%2e%2e/b",
        "file:///a%00b",
        "http://user@host/",
        "http://user:pa55@host/",
        "https://host/a#b",
        "https://host/a b",
        "https://host/ü",
        "https://host/\U0001f600",
        "https://host:0x50/",
        "https:///a",
        "https://host/?X-Amz-Signature=pa55",
        "https://host/?a=b&TOKEN=pa55",
        "ftp://host/a",
        "javascript://x",
        "https://host/" + "a" * 9000,
    ],
)
def test_what_may_not_be_kept(uri: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        check_kept(uri)
    assert "pa55" not in str(caught.value)


def test_what_is_told_of_a_uri() -> None:
    assert shown("https://user:pa55@host/a?token=pa55#b") == "https://host/a"
    assert shown("https://host/a@b") == "https://host/a@b"
    assert shown("https://user:p@55@host") == "https://host"
    assert shown("/a?b") == "/a?b"


def test_which_are_elsewhere() -> None:
    assert is_remote("S3://b/c")
    assert is_remote("ftp://x")
    for text in ("/a", "a", "file:///a", "C:/x", "-", "a:b", "://"):
        assert not is_remote(text)


def test_a_password_is_not_told() -> None:
    with pytest.raises(InvalidAddress, match="user's name or password") as caught:
        check_web("https://user:pa55@host/")
    assert "pa55" not in str(caught.value)
