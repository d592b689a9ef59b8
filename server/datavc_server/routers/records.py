"""Records of packs, read by their digests."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from datavc.client.wire import WantedRecord, decode_wanted
from datavc.errors import DataCorrupt, InvalidInput, NotFound
from datavc.model.entry import Location
from datavc.store.backend import Buffer
from datavc.store.key import pack_key
from datavc.store.moved_packs import absent
from datavc.store.objects import ObjectStore
from datavc.store.record import HEADER_SIZE, decode_header
from datavc_server.asking import Asker
from datavc_server.state import State

router = APIRouter(tags=["store"])

#: Bytes in one answer, but for a single record, which may be larger.
_MAX_BYTES = 8 * 1024 * 1024


@router.post(
    "/records",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "Records."}},
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}}},
)
async def read_records(request: Request, state: State, asker: Asker) -> Response:
    """Records as they are stored, end to end, in the order asked for.

    The body is a MessagePack array of `[digest, pack, offset, length]`. A digest is learnt from a
    tree that the account may read, so whoever knows it may have the record; a place alone, which
    can be guessed, opens nothing.
    """
    wanted = decode_wanted(await request.body())
    if len(wanted) > 1 and sum(one.length for one in wanted) > _MAX_BYTES:
        raise InvalidInput(f"the records have more than {_MAX_BYTES} bytes", hint="ask for fewer")
    try:
        data = await run_in_threadpool(_read, state.vs.objects, wanted)
    except NotFound as error:
        raise asker.hide(error) from None
    return Response(data, media_type="application/octet-stream")


def _read(objects: ObjectStore, wanted: list[WantedRecord]) -> bytes:
    return b"".join(_record(objects, one) for one in wanted)


def _record(objects: ObjectStore, wanted: WantedRecord) -> Buffer:
    location = objects.moved.place(wanted.location())
    if location.length < HEADER_SIZE:
        raise _unknown(wanted)
    try:
        data = _bytes(objects, location)
        header = decode_header(data, location)
    except (NotFound, DataCorrupt):
        raise _unknown(wanted) from None
    is_whole = HEADER_SIZE + header.stored_size == len(data)
    if not is_whole or not hmac.compare_digest(header.digest, wanted.digest):
        raise _unknown(wanted)
    return data


def _bytes(objects: ObjectStore, location: Location) -> Buffer:
    try:
        return objects.backend.get(pack_key(location.pack), location.offset, location.length)
    except NotFound as error:
        return _bytes(objects, absent(error, objects.moved, location))


def _unknown(wanted: WantedRecord) -> NotFound:
    """All are told alike: nothing is learnt of what lies there."""
    return NotFound(f"there is no record {wanted.digest.hex()[:12]} at that place")
