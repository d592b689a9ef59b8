"""Objects that come in parts. Each part is stored as it comes; the last request joins them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree.ElementTree import SubElement

from blake3 import blake3
from fastapi import Response
from sqlalchemy import Connection

from datavc.db import packs
from datavc.db import s3_uploads as rows
from datavc.db.clock import now_us
from datavc.model.change_set import StagedRecord, read_change_set
from datavc.model.entry import Entry, EntryKind
from datavc.model.ids import new_id
from datavc.store.backend import Buffer
from datavc.store.content import ContentWriter, read_content
from datavc.versioning.ingest import write_changes
from datavc.versioning.nodes import SessionSink
from datavc.versioning.placed_entries import EntryPlaces
from datavc.versioning.relied_packs import packs_of_change_set
from datavc.versioning.session_outputs import hold_open
from datavc_server.s3.access import Action
from datavc_server.s3.address import Address, etag_of, find_target, repo_row
from datavc_server.s3.checksum import Hasher, algorithm_of, hasher_of, header_of, in_base64
from datavc_server.s3.condition import write_condition, xml_time
from datavc_server.s3.error import S3Error, invalid_argument, invalid_request
from datavc_server.s3.gateway import Gateway
from datavc_server.s3.incoming import Incoming
from datavc_server.s3.landing import open_landing
from datavc_server.s3.listing import add_owner
from datavc_server.s3.upload_digests import KeptSource
from datavc_server.s3.writes import as_stream, check_entry, find_source
from datavc_server.s3.xml import add, document, render, text_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MAX_PART = 10_000
_MAX_ITEMS = 1000
_RANGE = re.compile(r"bytes=(\d{1,20})-(\d{1,20})", re.ASCII)
#: Where a part's content stands in its change set.
_PART_PATH = "part"


def begin_upload(gateway: Gateway, incoming: Incoming) -> Response:
    """CreateMultipartUpload."""
    address = incoming.find_target(gateway)
    if address.path.endswith("/"):
        raise invalid_argument("a key that ends in a slash is a folder, without content")
    open_landing(gateway, incoming, address)
    place = _place(gateway, address)
    upload = rows.UploadRow(
        new_id(), place.repo, place.branch, address.path, incoming.account, incoming.message,
        now_us(), place.session,
    )  # fmt: skip
    with gateway.vs.db.write() as conn:
        if place.session is not None:
            hold_open(conn, place.session)
        rows.begin(conn, repo_row(conn, place.repo).id, upload)
    root = document("InitiateMultipartUploadResult")
    add(root, "Bucket", incoming.bucket)
    add(root, "Key", incoming.key)
    add(root, "UploadId", upload.id)
    return render(root)


def upload_part(gateway: Gateway, incoming: Incoming) -> Response:
    """UploadPart."""
    number = _number(incoming)
    address = incoming.find_target(gateway)
    incoming.check_room(gateway)
    _find(gateway, incoming, address)
    vs = gateway.vs
    body = incoming.body()
    upload_id, digests = incoming.query["uploadId"], gateway.digests
    content = digests.reserve(upload_id, incoming.announced)
    try:
        with vs.objects.session(vs.chunks) as session:
            source = body if content is None else KeptSource(body, content)
            entry = ContentWriter(session, vs.chunks).write_source(source)
            checksums = body.finish()
            sink = SessionSink(session)
            record = write_changes(iter([(_PART_PATH, entry)]), sink)
            session.finish()
        vs.nodes.remember(sink.written)
        _keep(gateway, incoming, number, entry, record, checksums)
    except BaseException:
        if content is not None:
            digests.give_back(content)
        raise
    if content is not None and len(content) == entry.size:
        digests.add(upload_id, number, entry.digest, content)
    elif content is not None:
        digests.give_back(content)
    headers = {header_of(name): value for name, value in checksums.items()}
    return Response(headers=headers | {"ETag": etag_of(entry)})


def copy_part(gateway: Gateway, incoming: Incoming) -> Response:
    """UploadPartCopy. A whole object is not read; of a range, what is new is stored."""
    number = _number(incoming)
    address = incoming.find_target(gateway)
    _find(gateway, incoming, address)
    source = find_source(gateway, incoming)
    span = _span(incoming.headers.get("x-amz-copy-source-range"), source.entry.size)
    vs = gateway.vs
    with vs.objects.session(vs.chunks) as session:
        writer = ContentWriter(session, vs.chunks)
        entry = check_entry(source.entry)
        if span is not None or entry.kind is not EntryKind.FILE:
            pieces = _Pieces(read_content(vs.objects, entry, *(span or ())))
            entry = writer.write_stream(as_stream(pieces))
        else:
            entry = EntryPlaces(vs).placed(entry, writer)
        record = write_changes(iter([(_PART_PATH, entry)]), SessionSink(session))
        session.finish()
    _keep(gateway, incoming, number, entry, record, {})
    root = document("CopyPartResult")
    add(root, "LastModified", xml_time(source.time_us))
    add(root, "ETag", etag_of(entry))
    return render(root)


def complete_upload(gateway: Gateway, incoming: Incoming) -> Response:
    """CompleteMultipartUpload: the parts become the object, and the upload ends, at once."""
    address = incoming.find_target(gateway)
    upload = _find(gateway, incoming, address)
    condition = write_condition(incoming.headers, address)
    landing = open_landing(gateway, incoming, address, incoming.message or upload.message)
    parts = _asked_parts(gateway, incoming, upload.id)
    whole = _whole_hashers(incoming)
    record, entry = _join(gateway, address, upload.id, parts, whole)
    if incoming.headers.get("x-amz-mp-object-size", str(entry.size)) != str(entry.size):
        raise invalid_request(f"the parts have {entry.size} bytes, and not as many as was said")
    for name, (hasher, value) in whole.items():
        if in_base64(hasher.digest()) != value:
            raise S3Error(
                HTTPStatus.BAD_REQUEST, "BadDigest", f"the object is not what {name} tells of"
            )

    def end(conn: Connection) -> None:
        if not rows.remove(conn, upload.id):
            raise _no_upload(upload.id)

    headers = landing.stage(record, condition, end)
    root = document("CompleteMultipartUploadResult")
    add(root, "Location", f"/{quote(incoming.bucket)}/{quote(incoming.key)}")
    add(root, "Bucket", incoming.bucket)
    add(root, "Key", incoming.key)
    add(root, "ETag", etag_of(entry))
    return render(root, headers=headers)


def abort_upload(gateway: Gateway, incoming: Incoming) -> Response:
    """AbortMultipartUpload."""
    upload = _find(gateway, incoming, incoming.find_target(gateway))
    with gateway.vs.db.write() as conn:
        rows.remove(conn, upload.id)
    gateway.digests.forget(upload.id)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def list_parts(gateway: Gateway, incoming: Incoming) -> Response:
    """ListParts."""
    incoming.allow(Action.READ)
    upload = _find(gateway, incoming, find_target(gateway, incoming.bucket, incoming.key))
    after = incoming.number("part-number-marker", 0, _MAX_PART)
    limit = incoming.number("max-parts", _MAX_ITEMS, _MAX_ITEMS)
    with gateway.vs.db.read() as conn:
        found = rows.list_parts(conn, upload.id, after=after, limit=limit + 1)
    shown = found[:limit]
    root = document("ListPartsResult")
    add(root, "Bucket", incoming.bucket)
    add(root, "Key", incoming.key)
    add(root, "UploadId", upload.id)
    add_owner(root, "Initiator")
    add_owner(root, "Owner")
    add(root, "StorageClass", "STANDARD")
    add(root, "PartNumberMarker", after)
    if len(found) > limit:
        add(root, "NextPartNumberMarker", shown[-1].number if shown else after)
    add(root, "MaxParts", limit)
    add(root, "IsTruncated", "true" if len(found) > limit else "false")
    for part in shown:
        item = SubElement(root, "Part")
        add(item, "PartNumber", part.number)
        add(item, "LastModified", xml_time(part.created_us))
        add(item, "ETag", part.etag)
        add(item, "Size", part.record.bytes)
    return render(root)


def list_uploads(gateway: Gateway, incoming: Incoming) -> Response:
    """ListMultipartUploads."""
    incoming.allow(Action.READ)
    prefix = incoming.query.get("prefix", "")
    limit = incoming.number("max-uploads", _MAX_ITEMS, _MAX_ITEMS)
    after = incoming.query.get("key-marker", ""), incoming.query.get("upload-id-marker", "\uffff")
    with gateway.vs.db.read() as conn:
        place = _place(gateway, Address(incoming.bucket, "", "", is_branch=False))
        repo_id = repo_row(conn, place.repo).id
        uploads = rows.list_uploads(conn, repo_id, session=place.session)
    keyed = sorted((_key(one), one.id, one.created_us) for one in uploads)
    found = [one for one in keyed if one[0].startswith(prefix) and one[:2] > after]
    shown = found[:limit]
    root = document("ListMultipartUploadsResult")
    add(root, "Bucket", incoming.bucket)
    add(root, "KeyMarker", after[0])
    add(root, "Prefix", prefix)
    add(root, "MaxUploads", limit)
    add(root, "IsTruncated", "true" if len(found) > limit else "false")
    if len(found) > limit and shown:
        add(root, "NextKeyMarker", shown[-1][0])
        add(root, "NextUploadIdMarker", shown[-1][1])
    for key, upload_id, created_us in shown:
        item = SubElement(root, "Upload")
        add(item, "Key", key)
        add(item, "UploadId", upload_id)
        add_owner(item, "Initiator")
        add_owner(item, "Owner")
        add(item, "StorageClass", "STANDARD")
        add(item, "Initiated", xml_time(created_us))
    return render(root)


class _Pieces(io.RawIOBase):
    """Pieces of a content as a file."""

    def __init__(self, pieces: Iterator[Buffer]) -> None:
        super().__init__()
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill *buffer* with what is left of a piece, or with the next one."""
        view = memoryview(buffer).cast("B")
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(view), len(self._left))
        view[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _number(incoming: Incoming) -> int:
    text = incoming.query.get("partNumber", "")
    if not text.isdecimal() or not 1 <= int(text[:6]) <= _MAX_PART:
        raise invalid_argument(f"partNumber must be between 1 and {_MAX_PART}")
    return int(text)


def _span(text: str | None, size: int) -> tuple[int, int] | None:
    """Start and length of a range that is to be copied; ``None`` for all of the object."""
    if text is None:
        return None
    match = _RANGE.fullmatch(text)
    first, last = (int(match[1]), int(match[2])) if match else (0, -1)
    if not first <= last < size:
        raise S3Error(
            HTTPStatus.BAD_REQUEST,
            "InvalidArgument",
            f"{text!r} is no range of an object of {size} bytes",
        )
    return first, last + 1 - first


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an upload is written down to go."""

    repo: str
    branch: str
    session: str | None


def _place(gateway: Gateway, address: Address) -> _Place:
    if gateway.job is None:
        return _Place(address.repo, address.ref, None)
    session = gateway.job.session
    # To an input there is no upload.
    is_output = session.may_write(address.repo)
    return _Place(session.repo, session.branch, session.id if is_output else "")


def _key(upload: rows.UploadRow) -> str:
    return upload.path if upload.session is not None else f"{upload.branch}/{upload.path}"


def _find(gateway: Gateway, incoming: Incoming, address: Address) -> rows.UploadRow:
    upload_id = incoming.query["uploadId"]
    with gateway.vs.db.read() as conn:
        upload = rows.find(conn, upload_id)
    place = _place(gateway, address)
    if upload is None or (upload.repo, upload.branch, upload.session, upload.path) != (
        place.repo,
        place.branch,
        place.session,
        address.path,
    ):
        raise _no_upload(upload_id)
    return upload


def _no_upload(upload_id: str) -> S3Error:
    return S3Error(
        HTTPStatus.NOT_FOUND,
        "NoSuchUpload",
        f"there is no upload {upload_id!r} of this key: it was completed or aborted",
    )


def _keep(
    gateway: Gateway,
    incoming: Incoming,
    number: int,
    entry: Entry,
    record: StagedRecord | None,
    checksums: dict[str, str],
) -> None:
    assert record is not None  # noqa: S101 - it holds one change
    needed = packs_of_change_set(gateway.vs, record)
    part = rows.PartRow(number, etag_of(entry), checksums, now_us(), record)
    with gateway.vs.db.write() as conn:
        upload_id = incoming.query["uploadId"]
        if rows.find(conn, upload_id, lock=True) is None:
            raise _no_upload(upload_id)
        packs.check_unmoved(conn, needed)
        rows.put_part(conn, upload_id, part)


def _asked_parts(gateway: Gateway, incoming: Incoming, upload_id: str) -> list[rows.PartRow]:
    """The parts that the object is to be made of."""
    asked = incoming.document("CompleteMultipartUpload", with_checksums=False)
    with gateway.vs.db.read() as conn:
        known = {part.number: part for part in rows.list_parts(conn, upload_id)}
    parts: list[rows.PartRow] = []
    for item in asked.findall("Part"):
        number = (text_of(item, "PartNumber") or "").strip()
        part = known.get(int(number)) if number.isdecimal() and len(number) < 6 else None
        etag = (text_of(item, "ETag") or "").strip().strip('"')
        if part is None or part.etag.strip('"') != etag:
            raise S3Error(
                HTTPStatus.BAD_REQUEST,
                "InvalidPart",
                f"part {number!r} did not come, or has another ETag",
            )
        for algorithm, value in part.checksums.items():
            if text_of(item, f"Checksum{algorithm.upper()}") not in (None, value):
                raise S3Error(
                    HTTPStatus.BAD_REQUEST, "InvalidPart", f"part {number} has another checksum"
                )
        if parts and parts[-1].number >= part.number:
            raise S3Error(
                HTTPStatus.BAD_REQUEST, "InvalidPartOrder", "the parts are not in ascending order"
            )
        parts.append(part)
    if not parts:
        raise S3Error(HTTPStatus.BAD_REQUEST, "MalformedXML", "the object has no part")
    return parts


def _whole_hashers(incoming: Incoming) -> dict[str, tuple[Hasher, str]]:
    """Hashers of the checksums that the request tells of the whole object."""
    found: dict[str, tuple[Hasher, str]] = {}
    for name, value in incoming.headers.items():
        algorithm = algorithm_of(name)
        # What has a number behind it is made of the parts' checksums, which were looked at.
        if algorithm is not None and "-" not in value:
            hasher = hasher_of(algorithm)
            if hasher is not None:
                found[name] = hasher, value
    return found


def _join(
    gateway: Gateway,
    address: Address,
    upload_id: str,
    parts: Sequence[rows.PartRow],
    whole: dict[str, tuple[Hasher, str]],
) -> tuple[StagedRecord, Entry]:
    vs = gateway.vs
    entries = [_entry(gateway, part.record) for part in parts]

    def see(piece: Buffer) -> None:
        for hasher, _ in whole.values():
            hasher.update(piece)

    numbered = zip(parts, entries, strict=True)
    seen = gateway.digests.take(upload_id, [(part.number, one.digest) for part, one in numbered])
    if whole:
        # They want to see all of it, too.
        seen = blake3(), 0
    with vs.objects.session(vs.chunks) as session:
        writer = ContentWriter(session, vs.chunks)
        entry = writer.write_joined(vs.objects, entries, EntryPlaces(vs).place, seen, see)
        sink = SessionSink(session)
        record = write_changes(iter([(address.path, entry)]), sink)
        session.finish()
    vs.nodes.remember(sink.written)
    assert record is not None  # noqa: S101 - it holds one change
    return record, entry


def _entry(gateway: Gateway, record: StagedRecord) -> Entry:
    for _, entry in read_change_set(record.location, record.digest, gateway.vs.nodes):
        if entry is not None:
            return entry
    raise S3Error(HTTPStatus.BAD_REQUEST, "InvalidPart", "a part has no content")
