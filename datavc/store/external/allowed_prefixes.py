"""Places that a server's operator has opened, each with all that lies below it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from datavc.errors import InvalidInput
from datavc.model.egress import split_database
from datavc.model.source_uri import check_web, file_path, scheme_of, shown, split_object

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where something lies: scheme, host and port or bucket, and the parts of its path."""

    scheme: str
    host: str
    parts: tuple[str, ...]

    def holds(self, other: _Place) -> bool:
        return (self.scheme, self.host) == (other.scheme, other.host) and (
            other.parts[: len(self.parts)] == self.parts
        )


class AllowedPrefixes:
    """Tells which URIs lie below some of *prefixes*.

    A path that steps up (``..``, also in its escaped forms) lies below none. Files are told by the
    path that is left when links are followed.

    Args:
        prefixes: such as ``s3://bucket/folder``, ``https://host/folder`` and ``file:///folder``.

    Raises:
        InvalidInput: one is malformed.
    """

    def __init__(self, prefixes: Sequence[str]) -> None:
        self._places = [_place(prefix) for prefix in prefixes]

    def allows(self, uri: str) -> bool:
        """Whether *uri* lies below one of them."""
        try:
            place = _place(uri)
        except InvalidInput:
            return False
        return any(one.holds(place) for one in self._places)

    def allows_path(self, path: str) -> bool:
        """Whether a file, given by a path without links, lies below one of them."""
        place = _Place("file", "", _parts(path))
        return any(one.holds(place) for one in self._places)


def _place(uri: str) -> _Place:
    scheme = scheme_of(uri)
    if scheme == "s3":
        bucket, key = split_object(uri)
        return _Place(scheme, bucket, _checked(uri, key))
    if scheme == "file":
        path = file_path(uri)
        _checked(uri, path)
        return _Place(scheme, "", _parts(os.path.realpath(path)))
    if scheme in _PORTS:
        split = check_web(uri)
        host = f"{(split.hostname or '').rstrip('.')}:{split.port or _PORTS[scheme]}"
        path = split.path
        # A server may decode more than once.
        for _ in range(3):
            path = unquote(path)
        _checked(uri, path.replace("\\", "/"))
        return _Place(scheme, host, _checked(uri, unquote(split.path)))
    if scheme in ("postgresql", "postgres"):
        database = split_database(uri, whole_host=True)
        host = f"{database.host.rstrip('.')}:{database.port}"
        return _Place("postgresql", host, (database.database,) if database.database else ())
    raise InvalidInput(
        f"{shown(uri)!r} is no place that can be opened",
        hint="use s3://bucket/prefix, https://host/prefix or file:///folder",
    )


def _checked(uri: str, path: str) -> tuple[str, ...]:
    parts = _parts(path)
    if any(part in (".", "..") for part in parts):
        raise InvalidInput(f"{shown(uri)!r} holds '.' or '..'")
    return parts


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)
