"""Which files and folders elsewhere are meant, and which path each of them gets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from datavc.errors import InvalidAddress, InvalidInput, NotFound
from datavc.model.name import clean_path
from datavc.model.source_uri import (
    check_web,
    file_path,
    file_uri,
    object_uri,
    scheme_of,
    shown,
    split_object,
)
from datavc.store.external.source_access import SourceAccess
from datavc.versioning.elsewhere.target_name import inside, named


@dataclass(frozen=True, slots=True)
class ElsewhereSource:
    """A file, or all that lies below a folder or a prefix."""

    #: Ends in a slash for a folder or prefix.
    uri: str
    #: The path it gets in the repo; of a folder without a slash at its end, ``""`` for the root.
    target: str

    @property
    def is_folder(self) -> bool:
        """Whether it stands for what lies below it."""
        return self.uri.endswith("/")


def plan_elsewhere(
    sources: Sequence[str | Path],
    target: str,
    access: SourceAccess,
    *,
    recursive: bool = True,
    target_is_folder: bool = False,
) -> list[ElsewhereSource]:
    """Read *sources* as ``put`` reads local files.

    Args:
        sources: local paths, ``file://`` and ``s3://bucket/prefix``, which may be folders, and
            ``http://`` and ``https://`` files.
        target: the path in the repo; the root, or what ends in a slash, is a folder to go into.
        access: looks whether a key is an object or a prefix.
        recursive: whether folders may be meant.
        target_is_folder: whether *target* is a folder already, so that files go into it.

    Raises:
        NotFound: a local source does not exist.
        InvalidInput: a source is malformed, a folder without *recursive*, or has no name.
    """
    if not sources:
        raise InvalidInput("there is no source", hint="name a folder, s3://bucket/prefix or a URL")
    several = len(sources) > 1
    folder_goal = inside(target) if several else target
    file_goal = inside(target) if several or target_is_folder else target
    planned = [
        _plan(str(source), folder_goal, file_goal, access, recursive=recursive)
        for source in sources
    ]
    return list(dict.fromkeys(planned))


def _plan(
    source: str, folder_goal: str, file_goal: str, access: SourceAccess, *, recursive: bool
) -> ElsewhereSource:
    scheme = scheme_of(source)
    if scheme == "s3":
        return _plan_objects(source, folder_goal, file_goal, access, recursive=recursive)
    if scheme in ("http", "https"):
        plain = source.partition("#")[0]
        check_web(plain)
        name = unquote(urlsplit(plain).path).rpartition("/")[2]
        return _file(plain, file_goal, name)
    if scheme not in ("", "file"):
        raise InvalidAddress(
            f"{shown(source)!r} has an unknown scheme",
            hint="use a folder, s3://bucket/prefix, https:// or http://",
        )
    return _plan_local(
        file_path(source) if scheme else source, folder_goal, file_goal, recursive=recursive
    )


def _plan_objects(
    source: str, folder_goal: str, file_goal: str, access: SourceAccess, *, recursive: bool
) -> ElsewhereSource:
    bucket, key = split_object(source)
    name = key.rstrip("/").rpartition("/")[2]
    if key and not key.endswith("/"):
        try:
            access.bucket(bucket).head(key)
        except NotFound:
            pass
        else:
            return _file(object_uri(bucket, key), file_goal, name)
    if not recursive:
        raise InvalidInput(f"{shown(source)!r} is a folder, or nothing", hint="put it with -r")
    prefix = key and inside(key)
    return _folder(
        object_uri(bucket, prefix), folder_goal, name, contents=not key or key.endswith("/")
    )


def _plan_local(
    source: str, folder_goal: str, file_goal: str, *, recursive: bool
) -> ElsewhereSource:
    if not os.path.lexists(source):
        raise NotFound(f"there is no file or folder {source!r}", hint="check the path")
    # A link is kept as it is named: what it leads to is looked at when it is read.
    full = os.path.abspath(source)  # noqa: PTH100
    name = os.path.basename(full)  # noqa: PTH119
    if not Path(source).is_dir():
        return _file(file_uri(full), file_goal, name)
    if not recursive:
        raise InvalidInput(f"{source!r} is a folder", hint="put it with -r")
    contents = source in (".", "..") or source.endswith(("/", "/.", "/.."))
    return _folder(f"{file_uri(full).rstrip('/')}/", folder_goal, name, contents=contents)


def _file(uri: str, goal: str, name: str) -> ElsewhereSource:
    if not name and (not goal or goal.endswith("/")):
        raise InvalidInput(f"{shown(uri)!r} has no name", hint="give the whole path in the repo")
    return ElsewhereSource(uri, clean_path(named(goal, name)))


def _folder(uri: str, goal: str, name: str, *, contents: bool) -> ElsewhereSource:
    target = (goal if contents else named(goal, name)).rstrip("/")
    return ElsewhereSource(uri, clean_path(target) if target else "")
