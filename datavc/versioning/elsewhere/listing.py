"""What lies at a source, as its listing tells it: no content is read."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from datavc.errors import InvalidPath, NotFound, SourceUnreadable
from datavc.model.external import External, Pin
from datavc.model.link_handling import LinkHandling
from datavc.model.name import clean_path
from datavc.model.source_uri import (
    check_kept,
    file_path,
    file_uri,
    object_uri,
    scheme_of,
    shown,
    split_object,
)
from datavc.model.tree.empty import EMPTY_TREE
from datavc.store.bucket_object import BucketObject
from datavc.store.external.source_access import SourceAccess
from datavc.store.external.web_body import ask_facts
from datavc.versioning.branch_view import BranchView
from datavc.versioning.elsewhere.found_file import FoundFile, in_order
from datavc.versioning.elsewhere.path_filter import PathFilter
from datavc.versioning.elsewhere.plan import ElsewhereSource
from datavc.versioning.elsewhere.target_name import inside
from datavc.versioning.local_files import LocalFiles, LocalSource, Tally
from datavc.versioning.nodes import NodeStore

#: A file that was changed so shortly before may change again within the same tick of its disk's
#: clock, unseen; it is waited for. Nanoseconds.
_UNSETTLED_NS = 50_000_000


def list_source(
    source: ElsewhereSource,
    access: SourceAccess,
    nodes: NodeStore,
    wanted: PathFilter,
    links: LinkHandling,
) -> Iterator[FoundFile]:
    """The files of a source, sorted by target, with the versions that are there now.

    Args:
        source: where to look.
        access: how.
        nodes: loads trees.
        wanted: which files of a folder are meant.
        links: what becomes of symbolic links.

    Raises:
        NotFound: there is nothing.
        InvalidPath: a name cannot be kept.
        SourceUnreadable: a file cannot be looked at, or tells nothing that pins its version.
        AccessDenied, StoreUnavailable: what the server says.
    """
    scheme = scheme_of(source.uri)
    if scheme == "file":
        yield from _local_files(source, nodes, wanted, links)
    elif scheme == "s3":
        yield from _objects(source, access, wanted)
    else:
        yield FoundFile(source.target, describe_web(source.uri, access))


def describe_web(uri: str, access: SourceAccess) -> External:
    """The version of a web server's file that is there now.

    Raises:
        SourceUnreadable: the server does not tell its size, or nothing that pins its version.
        NotFound, AccessDenied, InvalidInput: what the server says, or the address is malformed.
    """
    check_kept(uri)
    facts = ask_facts(access.web_client(), uri)
    if facts.size is None or not facts.is_pinned:
        lacks = "its size" if facts.size is None else "an ETag or a time of last change"
        raise SourceUnreadable(
            f"{shown(uri)} cannot be imported, since its server does not tell {lacks}",
            hint="put a copy of it instead: `datavc put URL ...`",
        )
    pins = {Pin.ETAG: facts.etag, Pin.LAST_MODIFIED: facts.last_modified}
    return External.of(uri, facts.size, pins)


def _objects(
    source: ElsewhereSource, access: SourceAccess, wanted: PathFilter
) -> Iterator[FoundFile]:
    name, key = split_object(source.uri)
    bucket = access.bucket(name)
    if not source.is_folder:
        found = bucket.head(key)
        yield FoundFile(source.target, _describe_object(name, found))
        return
    files = list_objects(name, bucket.list(key), key, inside(source.target), wanted)
    yield from in_order(files)


def list_objects(
    bucket: str, objects: Iterator[BucketObject], prefix: str, into: str, wanted: PathFilter
) -> Iterator[FoundFile]:
    """The files that objects below *prefix* are, in the folder *into*, in the order given.

    Raises:
        InvalidPath: a key cannot be kept.
    """
    for found in objects:
        below = found.key[len(prefix) :]
        # Such an object stands for a folder, in tools that need one.
        if not below or found.key.endswith("/") or not wanted.selects(below):
            continue
        try:
            target = clean_path(into + below)
        except InvalidPath as error:
            raise InvalidPath(
                f"object {found.key!r} of bucket {bucket!r} cannot be kept: {error.message}",
                hint="leave it out: --exclude PATTERN",
            ) from None
        yield FoundFile(target, _describe_object(bucket, found))


def _describe_object(bucket: str, found: BucketObject) -> External:
    pins = {Pin.ETAG: found.etag or None, Pin.VERSION: found.version}
    return External.of(object_uri(bucket, found.key), found.size, pins)


def _local_files(
    source: ElsewhereSource, nodes: NodeStore, wanted: PathFilter, links: LinkHandling
) -> Iterator[FoundFile]:
    path = file_path(source.uri)
    walk = LocalFiles(BranchView(EMPTY_TREE, nodes), None, Tally(None), links=links)
    local = LocalSource(Path(path), source.target, is_folder=source.is_folder)
    into = inside(source.target)
    for file in walk.of(local):
        if not source.is_folder or wanted.selects(file.target[len(into) :]):
            yield FoundFile(file.target, describe_file(file.path))


def describe_file(path: str) -> External:
    """The version of a local file that is there now.

    Raises:
        SourceUnreadable: it cannot be looked at, or is no regular file.
        InvalidAddress: its name is not UTF-8.
    """
    status = _stat(path)
    while time.time_ns() - status.st_mtime_ns < _UNSETTLED_NS:
        if status.st_mtime_ns > time.time_ns():
            # It is from the future, so any change gives it another time.
            break
        time.sleep(_UNSETTLED_NS / 1e9)
        status = _stat(path)
    pins: dict[Pin, str | None] = {Pin.MTIME_NS: str(status.st_mtime_ns)}
    return External.of(file_uri(path), status.st_size, pins)


def _stat(path: str) -> os.stat_result:
    try:
        status = os.stat(path)  # noqa: PTH116 - once for every file
    except OSError as error:
        raise SourceUnreadable(f"{path!r} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(status.st_mode):
        raise SourceUnreadable(f"{path!r} is not a regular file")
    return status


def check_found(source: ElsewhereSource, count: int) -> None:
    """Make sure that a listing has found something: a mistyped prefix is no empty folder.

    Raises:
        NotFound: it has not.
    """
    if not count:
        raise NotFound(
            f"there is nothing at {shown(source.uri)} that is meant",
            hint="check the address and the patterns",
        )
