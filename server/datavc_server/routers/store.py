"""How clients reach the packs, and which chunks are known."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from datavc.client.wire import MSGPACK, decode_digests, encode_chunks
from datavc.model.role import Action
from datavc_server.asking import Asker
from datavc_server.presigned import PART_SIZE
from datavc_server.state import State

router = APIRouter(tags=["store"])


class Directory(BaseModel):
    """The store's own folder, for clients on the same disk."""

    path: str
    probe: str = Field(description="Name of a file below `.probe` in it ...")
    secret: str = Field(description="... and what that file holds.")


class Presigned(BaseModel):
    """URLs of S3, made by `/packs/{pack}/url` and `/packs/{pack}/parts`."""

    probe: str = Field(description="Answers 404 to whoever reaches S3.")
    part_size: int = Field(description="Bytes of each part of a pack but the last.")


class StoreAccess(BaseModel):
    """The ways to the packs, fastest first. `/packs/{pack}` itself always works for writing."""

    directory: Directory | None = None
    presigned: Presigned | None = None
    records: bool = Field(
        default=False,
        description="The account may not read all repos, so it reads records by `/records`, "
        "rather than packs.",
    )


@router.get("/store")
def store_access(state: State, asker: Asker) -> StoreAccess:
    """The ways in which the account may read and write packs.

    A pack holds pieces of many repos. So packs as a whole are for accounts that may read all of
    them, and the folder is for those that may write to all of them.
    """
    access = StoreAccess(records=not asker.may(Action.READ))
    has_limit = asker.caller.limits.max_bytes is not None
    if state.probe is not None and asker.may(Action.WRITE) and not has_limit:
        probe = state.probe
        access.directory = Directory(path=str(probe.folder), probe=probe.name, secret=probe.secret)
    if state.presigner is not None and asker.may(Action.READ):
        access.presigned = Presigned(probe=state.presigner.probe_url(), part_size=PART_SIZE)
    return access


@router.post(
    "/chunks/lookup",
    response_class=Response,
    responses={200: {"content": {MSGPACK: {}}, "description": "Columns of the known chunks."}},
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}}},
)
async def lookup_chunks(request: Request, state: State) -> Response:
    """Where chunks lie that are stored already.

    The body is digests of 32 bytes, end to end; the answer is an array of columns: digests, pack
    ids, sizes, offsets, lengths.
    """
    digests = decode_digests(await request.body())
    found = await run_in_threadpool(state.vs.chunks.lookup, digests)
    return Response(encode_chunks(list(found.values())), media_type=MSGPACK)
