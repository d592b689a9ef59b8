"""Packs that clients read from S3, and write there, by URLs made here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, Field

from datavc.access import quotas
from datavc.errors import AlreadyExists, NotFound, QuotaExceeded
from datavc_server.asking import Asker
from datavc_server.body_model import BodyModel
from datavc_server.presigned import MAX_PARTS, URL_SECONDS, Presigner
from datavc_server.repeated_request import IdempotencyKey
from datavc_server.routers.packs import begin_upload, is_stored
from datavc_server.state import PackId, ServerState, State

router = APIRouter(prefix="/packs/{pack}", tags=["store"])

_Upload = Annotated[str, Query(description="Id of the upload.", min_length=1, max_length=1024)]


class PackUrl(BaseModel):
    """A URL to read a pack, or ranges of it."""

    url: str
    seconds: int = Field(description="How long it holds.")


class NewUpload(BaseModel):
    """An upload that was begun."""

    upload: str


class PartUrls(BaseModel):
    """URLs to `PUT` parts to, in order."""

    urls: list[str]


class CompletedUpload(BodyModel):
    """The parts of an upload."""

    tags: list[str] = Field(
        min_length=1,
        max_length=MAX_PARTS,
        description="The `ETag` that S3 gave for each part.",
        examples=[['"9b2cf535f27731c974343645a3985328"']],
    )


@router.get("/url")
def read_url(pack: PackId, state: State) -> PackUrl:
    """A URL of S3 to read a pack from."""
    return PackUrl(url=_presigner(state).read_url(pack), seconds=URL_SECONDS)


@router.post("/upload", status_code=status.HTTP_201_CREATED)
def begin(
    pack: PackId, state: State, asker: Asker, idempotency_key: IdempotencyKey = None
) -> NewUpload:
    """Begin to upload a new pack in parts."""
    presigner = _presigner(state)
    if idempotency_key is not None:
        begun = state.uploads.begun_by(pack, idempotency_key)
        if begun is not None:
            return NewUpload(upload=begun)
    if quotas.room_for_upload(state.vs.db, asker.caller) == 0:
        raise QuotaExceeded(
            f"account {asker.caller.account!r} has all the bytes that it may",
            hint="remove files that are not needed, or ask an admin for more",
        )
    begin_upload(state, pack)
    try:
        upload = presigner.begin(pack)
    except BaseException:
        state.uploads.end(pack)
        raise
    if idempotency_key is not None:
        state.uploads.note(pack, idempotency_key, upload)
    return NewUpload(upload=upload)


@router.get("/upload/parts")
def part_urls(
    pack: PackId,
    state: State,
    upload: _Upload,
    first: Annotated[int, Query(ge=1, le=MAX_PARTS, description="Number of the first part.")],
    count: Annotated[int, Query(ge=1, le=100, description="How many URLs.")] = 1,
) -> PartUrls:
    """URLs of S3 to `PUT` parts to."""
    return PartUrls(urls=_presigner(state).part_urls(pack, upload, first, count))


@router.post("/upload/complete", status_code=status.HTTP_204_NO_CONTENT, response_class=Response)
def complete(pack: PackId, state: State, upload: _Upload, done: CompletedUpload) -> None:
    """Make the pack out of its parts. Safe to repeat."""
    presigner = _presigner(state)
    try:
        if not state.uploads.has(pack):
            # Begun before this server was started.
            begin_upload(state, pack)
        presigner.complete(pack, upload, done.tags)
    except (AlreadyExists, NotFound):
        # It was completed, and the answer was lost; unless the pack is another upload's.
        if presigner.is_open(pack, upload) or not is_stored(state, pack):
            raise


@router.delete("/upload", status_code=status.HTTP_204_NO_CONTENT)
def abort(pack: PackId, state: State, upload: _Upload) -> None:
    """Drop an upload that was not completed."""
    _presigner(state).abort(pack, upload)
    state.uploads.end(pack)


def _presigner(state: ServerState) -> Presigner:
    if state.presigner is None:
        raise NotFound("this server makes no URLs for packs", hint="see /api/v1/store")
    return state.presigner
