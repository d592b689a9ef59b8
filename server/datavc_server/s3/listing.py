"""Lists of objects: one page, at the cost of what is on it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from fastapi import Response

from datavc_server.s3.address import etag_of
from datavc_server.s3.condition import xml_time
from datavc_server.s3.error import invalid_argument
from datavc_server.s3.gateway import Gateway
from datavc_server.s3.key_walk import KeyEntry, KeyWalk, behind
from datavc_server.s3.xml import add, document, render

_MAX_KEYS = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a listing."""

    keys: list[KeyEntry] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    #: The last key or common prefix on it, where more follow.
    last: str | None = None
    #: Whether that is a common prefix.
    last_is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be listed."""

    prefix: str
    #: Keys that go on behind it after the prefix are shown as one; ``""`` shows all.
    delimiter: str
    #: Only keys behind it.
    after: str
    #: Whether *after* is a common prefix, whose keys are left out too.
    after_is_prefix: bool
    limit: int


def list_page(gateway: Gateway, repo: str, question: Question) -> Page:
    """The first keys and common prefixes behind a place.

    Raises:
        S3Error: there is no such repo.
    """
    walk = KeyWalk(gateway, repo, question.prefix)
    page = Page()
    last, last_is_prefix = "", False
    place = _start(question)
    while place is not None:
        found = _next(walk, place, question)
        if found is None or question.limit == 0:
            break
        if len(page.keys) + len(page.prefixes) == question.limit:
            return Page(page.keys, page.prefixes, last, last_is_prefix)
        if isinstance(found, str):
            page.prefixes.append(found)
            last, last_is_prefix, place = found, True, behind(found)
        else:
            page.keys.append(found)
            last, last_is_prefix, place = found.key, False, f"{found.key}\0"
    return page


def _start(question: Question) -> str | None:
    if not question.after:
        return question.prefix
    following = behind(question.after) if question.after_is_prefix else f"{question.after}\0"
    return None if following is None else max(question.prefix, following)


def _next(walk: KeyWalk, place: str, question: Question) -> KeyEntry | str | None:
    """The next key, or the common prefix that stands for it."""
    # A branch is shown whether or not anything is on it, and is not looked into.
    branch = walk.branch_from(place) if question.delimiter == "/" else None
    if branch is not None and (shared := _shared(branch, question)) is not None:
        return shared
    found = walk.seek(place)
    if found is None or not found.key.startswith(question.prefix):
        return None
    return _shared(found.key, question) or found


def _shared(key: str, question: Question) -> str | None:
    if not question.delimiter or not key.startswith(question.prefix):
        return None
    end = key.find(question.delimiter, len(question.prefix))
    return None if end < 0 else key[: end + len(question.delimiter)]


def list_objects_v2(gateway: Gateway, repo: str, query: dict[str, str]) -> Response:
    """ListObjectsV2."""
    token = query.get("continuation-token")
    after, is_prefix = (query.get("start-after", ""), False) if token is None else _decode(token)
    question = _question(query, after, after_is_prefix=is_prefix)
    page = list_page(gateway, repo, question)
    root, text = _begin(repo, query, question, page)
    add(root, "KeyCount", len(page.keys) + len(page.prefixes))
    if token is not None:
        add(root, "ContinuationToken", token)
    if page.last is not None:
        add(root, "NextContinuationToken", _encode(page.last, page.last_is_prefix))
    if "start-after" in query:
        add(root, "StartAfter", text(query["start-after"]))
    _add_items(root, page, text, with_owner=query.get("fetch-owner") == "true")
    return render(root)


def list_objects(gateway: Gateway, repo: str, query: dict[str, str]) -> Response:
    """ListObjects, the first version."""
    marker = query.get("marker", "")
    delimiter = query.get("delimiter", "")
    is_prefix = bool(delimiter) and marker.endswith(delimiter)
    question = _question(query, marker, after_is_prefix=is_prefix)
    page = list_page(gateway, repo, question)
    root, text = _begin(repo, query, question, page)
    add(root, "Marker", text(marker))
    if page.last is not None:
        add(root, "NextMarker", text(page.last))
    _add_items(root, page, text, with_owner=True)
    return render(root)


class _Text:
    """Texts of a listing, percent-encoded where that was asked for."""

    def __init__(self, encoding: str | None) -> None:
        if encoding not in (None, "url"):
            raise invalid_argument(f"there is no encoding-type {encoding!r}")
        self._is_encoded = encoding == "url"

    def __call__(self, text: str) -> str:
        return quote(text, safe="/") if self._is_encoded else text


def _question(query: dict[str, str], after: str, *, after_is_prefix: bool) -> Question:
    limit = query.get("max-keys", str(_MAX_KEYS))
    if not limit.isdecimal() or len(limit) > 10:
        raise invalid_argument("max-keys is no number")
    return Question(
        query.get("prefix", ""),
        query.get("delimiter", ""),
        after,
        after_is_prefix,
        min(int(limit), _MAX_KEYS),
    )


def _begin(
    repo: str, query: dict[str, str], question: Question, page: Page
) -> tuple[Element, _Text]:
    text = _Text(query.get("encoding-type"))
    root = document("ListBucketResult")
    add(root, "Name", repo)
    add(root, "Prefix", text(question.prefix))
    if question.delimiter:
        add(root, "Delimiter", text(question.delimiter))
    add(root, "MaxKeys", question.limit)
    if "encoding-type" in query:
        add(root, "EncodingType", query["encoding-type"])
    add(root, "IsTruncated", "true" if page.last is not None else "false")
    return root, text


def _add_items(root: Element, page: Page, text: _Text, *, with_owner: bool) -> None:
    for found in page.keys:
        item = SubElement(root, "Contents")
        add(item, "Key", text(found.key))
        add(item, "LastModified", xml_time(found.time_us))
        add(item, "ETag", etag_of(found.entry))
        add(item, "Size", found.entry.size)
        if with_owner:
            add_owner(item, "Owner")
        add(item, "StorageClass", "STANDARD")
    for prefix in page.prefixes:
        add(SubElement(root, "CommonPrefixes"), "Prefix", text(prefix))


def add_owner(parent: Element, name: str) -> None:
    """Append whose something is; all is datavc's."""
    owner = SubElement(parent, name)
    add(owner, "ID", "datavc")
    add(owner, "DisplayName", "datavc")


def _encode(last: str, is_prefix: bool) -> str:
    return base64.urlsafe_b64encode(f"{'p' if is_prefix else 'k'}{last}".encode()).decode("ascii")


def _decode(token: str) -> tuple[str, bool]:
    try:
        text = base64.urlsafe_b64decode(token.encode("ascii")).decode()
    except (binascii.Error, ValueError):
        text = ""
    if text[:1] not in ("k", "p"):
        raise invalid_argument("the continuation token is not one of this server")
    return text[1:], text[0] == "p"
