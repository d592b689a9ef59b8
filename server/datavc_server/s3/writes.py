"""Objects as they come, are copied and go."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import cast
from urllib.parse import unquote
from xml.etree.ElementTree import Element, SubElement

from fastapi import Response

from datavc.errors import DatavcError
from datavc.model.entry import EMPTY_FOLDER, Change, Entry
from datavc.store.content import ContentWriter
from datavc.versioning.ingest import write_changes
from datavc.versioning.nodes import SessionSink
from datavc.versioning.placed_entries import EntryPlaces
from datavc.versioning.staged_write import Precondition
from datavc_server.s3.access import Action
from datavc_server.s3.address import (
    Address,
    Found,
    etag_of,
    find_address,
    find_object,
    look_up,
    written_tree,
)
from datavc_server.s3.checksum import header_of
from datavc_server.s3.condition import check_copy, write_condition, xml_time
from datavc_server.s3.error import S3Error, invalid_argument, invalid_request, of_datavc_error
from datavc_server.s3.gateway import Gateway
from datavc_server.s3.incoming import Incoming
from datavc_server.s3.landing import open_landing
from datavc_server.s3.xml import add, document, render, text_of

_MAX_DELETED = 1000


def put_object(gateway: Gateway, incoming: Incoming) -> Response:
    """PutObject."""
    address = incoming.find_target(gateway, root_too=True)
    incoming.check_room(gateway)
    condition = write_condition(incoming.headers, address)
    landing = open_landing(gateway, incoming, address)
    if condition is not None:
        # Before anything is sent in vain; it is looked at again when the object lands.
        condition(written_tree(gateway, address))
    vs = gateway.vs
    body = incoming.body()
    with vs.objects.session(vs.chunks) as session:
        entry = ContentWriter(session, vs.chunks).write_source(body)
        checksums = body.finish()
        if incoming.key.endswith("/"):
            if entry.size:
                raise invalid_argument("a key that ends in a slash is a folder, without content")
            entry = EMPTY_FOLDER
        if not address.path:
            return Response(headers={"ETag": etag_of(entry)})
        sink = SessionSink(session)
        record = write_changes(iter([(address.path, entry)]), sink)
        session.finish()
    vs.nodes.remember(sink.written)
    assert record is not None  # noqa: S101 - it holds one change
    headers = landing.stage(record, condition)
    headers |= {header_of(name): value for name, value in checksums.items()}
    return Response(headers=headers | {"ETag": etag_of(entry)})


def copy_object(gateway: Gateway, incoming: Incoming) -> Response:
    """CopyObject: no content is moved."""
    address = incoming.find_target(gateway)
    source = find_source(gateway, incoming)
    landing = open_landing(gateway, incoming, address)
    places = EntryPlaces(gateway.vs)

    def changes(writer: ContentWriter) -> Iterable[Change]:
        yield address.path, places.placed(source.entry, writer)

    headers = landing.stage_changes(changes, write_condition(incoming.headers, address))
    root = document("CopyObjectResult")
    add(root, "LastModified", xml_time(source.time_us))
    add(root, "ETag", source.etag)
    return render(root, headers=headers)


def find_source(gateway: Gateway, incoming: Incoming) -> Found:
    """What is to be copied.

    Raises:
        S3Error: it is not there, a condition does not hold, or it may not be read.
    """
    text, _, version = incoming.headers["x-amz-copy-source"].partition("?versionId=")
    bucket, slash, key = unquote(text).removeprefix("/").partition("/")
    if not slash or version not in ("", "null"):
        raise invalid_argument("x-amz-copy-source is not BUCKET/KEY")
    incoming.allow(Action.READ, bucket)
    found = find_object(gateway, find_address(gateway, bucket, key))
    check_copy(incoming.headers, found)
    return found


def delete_object(gateway: Gateway, incoming: Incoming) -> Response:
    """DeleteObject; where there is none, nothing happens."""
    address = incoming.find_target(gateway, root_too=True)
    condition = write_condition(incoming.headers, address)
    headers = _delete(gateway, incoming, address, [address.path], condition)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


def delete_objects(gateway: Gateway, incoming: Incoming) -> Response:
    """DeleteObjects: all of one branch by one change set."""
    incoming.allow(Action.READ)
    asked = incoming.document("Delete")
    keys = [text_of(item, "Key") or "" for item in asked.findall("Object")]
    if not 0 < len(keys) <= _MAX_DELETED:
        raise S3Error(
            HTTPStatus.BAD_REQUEST, "MalformedXML", f"name between 1 and {_MAX_DELETED} objects"
        )
    root = document("DeleteResult")
    headers: dict[str, str] = {}
    for addresses in _by_branch(gateway, incoming, keys, root).values():
        paths = sorted({address.path for address in addresses})
        try:
            headers |= _delete(gateway, incoming, addresses[0], paths)
        except DatavcError as error:
            for address in addresses:
                _add_error(root, address.key, of_datavc_error(error))
            continue
        if (text_of(asked, "Quiet") or "").strip().lower() != "true":
            for address in addresses:
                add(SubElement(root, "Deleted"), "Key", address.key)
    return render(root, headers=headers)


def _by_branch(
    gateway: Gateway, incoming: Incoming, keys: Iterable[str], root: Element
) -> dict[str, list[Address]]:
    found: defaultdict[str, list[Address]] = defaultdict(list)
    for key in keys:
        try:
            address = incoming.find_target(gateway, key, root_too=True)
        except S3Error as error:
            if error.code == "NoSuchBucket":
                raise
            _add_error(root, key, error)
        else:
            found[address.ref].append(address)
    return found


def _add_error(root: Element, key: str, error: S3Error) -> None:
    item = SubElement(root, "Error")
    add(item, "Key", key)
    add(item, "Code", error.code)
    add(item, "Message", error.message)


def _delete(
    gateway: Gateway,
    incoming: Incoming,
    place: Address,
    paths: Sequence[str],
    condition: Precondition | None = None,
) -> dict[str, str]:
    """Stage the removal of those of *paths*, which are sorted, that are there beside *place*."""

    def changes(_: ContentWriter) -> Iterable[Change]:
        seen = written_tree(gateway, place)
        for path in paths:
            # The root of a branch is no file, and stays.
            if path and look_up(seen.tree, path, seen.source) is not None:
                yield path, None

    return open_landing(gateway, incoming, place).stage_changes(changes, condition)


def as_stream(body: io.RawIOBase) -> io.BufferedRandom:
    """*body* as the store reads it: from front to back, as the declared type does not say."""
    return cast("io.BufferedRandom", io.BufferedReader(body, 1024 * 1024))


def check_entry(entry: Entry) -> Entry:
    """*entry*, if its content is a file's.

    Raises:
        S3Error: it is a folder.
    """
    if entry is EMPTY_FOLDER:
        raise invalid_request("a folder has no content that could be a part")
    return entry
