"""Packs: read, written and registered through the server."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
from fastapi import APIRouter, Request, Response, status
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from datavc.access import quotas
from datavc.access.caller import Caller
from datavc.db import packs
from datavc.errors import AlreadyExists, Conflict, NotFound
from datavc.store.key import moves_key, pack_key
from datavc_server.asking import Asker
from datavc_server.byte_range import ByteRange, read_range
from datavc_server.pack_check import register_pack
from datavc_server.paging import Page, decode_cursor, encode_cursor
from datavc_server.request_body import check_announced, check_size, read_blocks
from datavc_server.state import Cursor, Limit, PackId, ServerState, State
from datavc_server.write_record import note_files

router = APIRouter(prefix="/packs", tags=["store"])

#: Bytes read from the store at a time.
_PIECE = 4 * 1024 * 1024
#: A pack of at most so many bytes is taken as a whole, and stored by one request.
_SMALL = 1024 * 1024

_BYTES: dict[int | str, dict[str, object]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The whole pack."},
    206: {"content": {"application/octet-stream": {}}, "description": "The range asked for."},
}


class PackInfo(BaseModel):
    """A registered pack."""

    id: str
    size: int
    chunks: int
    created_us: int


def _info(row: packs.PackRow) -> PackInfo:
    return PackInfo(id=row.id.hex(), size=row.size, chunks=row.chunks, created_us=row.created_us)


@router.get("")
def list_packs(state: State, limit: Limit = 1000, cursor: Cursor = None) -> Page[PackInfo]:
    """The registered packs, oldest first."""
    place = decode_cursor(cursor)
    with state.vs.db.read() as conn:
        rows = packs.list_packs(conn, after=bytes.fromhex(place), limit=limit)
    following = encode_cursor(rows[-1].id.hex()) if len(rows) == limit else None
    return Page(items=[_info(row) for row in rows], next=following)


@router.head("/{pack}", include_in_schema=False)
@router.get("/{pack}", responses=_BYTES, response_class=Response)
def read_pack(pack: PackId, state: State, request: Request) -> Response:
    """A pack's bytes, or a range of them."""
    size = state.vs.objects.backend.size(pack_key(pack))
    span = read_range(request.headers.get("range"), size)
    headers = span.headers() | {
        "Content-Type": "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{pack.hex()}"',
    }
    if request.method == "HEAD":
        return Response(status_code=span.status, headers=headers)
    if span.length <= _PIECE:
        data = state.vs.objects.backend.get(pack_key(pack), span.offset, span.length)
        return Response(bytes(data), span.status, headers)
    return StreamingResponse(_pieces(state, pack, span), span.status, headers)


@router.get("/{pack}/moves", responses=_BYTES, response_class=Response)
def read_moves(pack: PackId, state: State) -> Response:
    """Where the records of a pack that was rewritten went."""
    data = state.vs.objects.backend.get(moves_key(pack))
    return Response(bytes(data), media_type="application/octet-stream")


@router.put("/{pack}", status_code=status.HTTP_201_CREATED, response_class=Response)
async def write_pack(pack: PackId, state: State, request: Request, asker: Asker) -> Response:
    """Upload a new pack. Nothing is visible until all of it is durable."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) <= min(_SMALL, state.settings.max_pack):
        content = await request.body()
        await run_in_threadpool(_write_small, state, pack, content, asker.caller)
        return Response(status_code=status.HTTP_201_CREATED)
    room = await run_in_threadpool(quotas.room_for_upload, state.vs.db, asker.caller)
    check_announced(request, state.settings.max_pack, room)
    await run_in_threadpool(begin_upload, state, pack)
    try:
        writer = await run_in_threadpool(state.vs.objects.backend.open_writer, pack_key(pack))
        try:
            async for block in read_blocks(request, state.settings.max_pack, room):
                await run_in_threadpool(writer.write, [block])
            await run_in_threadpool(writer.close)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(writer.abort)
            raise
    except BaseException:
        state.uploads.end(pack)
        raise
    return Response(status_code=status.HTTP_201_CREATED)


@router.post("/{pack}", status_code=status.HTTP_201_CREATED)
def register(pack: PackId, state: State) -> PackInfo:
    """Check every record of an uploaded pack, and make its chunks known. Safe to repeat."""
    row = register_pack(state.vs, pack, state.uploads.content(pack))
    if state.uploads.end(pack):
        note_files(state, 0, row.size)
    return _info(row)


@router.delete("/{pack}", status_code=status.HTTP_204_NO_CONTENT)
def drop_pack(pack: PackId, state: State) -> None:
    """Drop a pack that was uploaded and not registered."""
    with state.vs.db.read() as conn:
        is_registered = packs.find(conn, pack) is not None
    if is_registered or not state.uploads.end(pack):
        raise Conflict(
            f"pack {pack.hex()} is no upload that can be dropped",
            hint="what nothing refers to is collected in time",
        )
    state.vs.objects.backend.delete(pack_key(pack))


def _write_small(state: ServerState, pack: bytes, content: bytes, caller: Caller) -> None:
    room = quotas.room_for_upload(state.vs.db, caller)
    check_size(len(content), state.settings.max_pack, room)
    begin_upload(state, pack)
    try:
        state.vs.objects.backend.put(pack_key(pack), content)
    except BaseException:
        state.uploads.end(pack)
        raise
    state.uploads.keep(pack, content)


def begin_upload(state: ServerState, pack: bytes) -> None:
    """Claim the right to write a pack.

    Raises:
        AlreadyExists: there is such a pack, or somebody is writing it.
    """
    state.uploads.begin(pack)
    try:
        if not is_stored(state, pack):
            return
    except BaseException:
        state.uploads.end(pack)
        raise
    state.uploads.end(pack)
    raise AlreadyExists(f"pack {pack.hex()} exists already", hint="use a new id")


def is_stored(state: ServerState, pack: bytes) -> bool:
    """Whether the store holds a pack of that id, registered or not."""
    try:
        state.vs.objects.backend.size(pack_key(pack))
    except NotFound:
        return False
    return True


def _pieces(state: ServerState, pack: bytes, span: ByteRange) -> Iterator[bytes]:
    end = span.offset + span.length
    for start in range(span.offset, end, _PIECE):
        length = min(_PIECE, end - start)
        yield bytes(state.vs.objects.backend.get(pack_key(pack), start, length))
