"""Files in commits: list, look at, download, and upload one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from itertools import chain
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from datavc.access import quotas
from datavc.errors import InvalidPath, NotFound
from datavc.model.commit import TreeRef
from datavc.model.entry import Entry, EntryKind
from datavc.model.file_info import FileInfo, PutResult
from datavc.model.name import clean_path, clean_prefix
from datavc.model.tree.lookup import find_file, is_folder
from datavc.model.tree.scan import file_info, list_folder
from datavc.store.backend import Buffer
from datavc.store.content import read_content
from datavc.store.external.record import read_external_uris
from datavc.versioning import branches, commits, resolve, staging
from datavc.versioning.branch_view import BranchView
from datavc.versioning.ingest import ingest_stream
from datavc_server.byte_range import ByteRange, read_range
from datavc_server.content_stream import in_batches
from datavc_server.entity_tag import matches
from datavc_server.paging import Page, decode_cursor, page_of
from datavc_server.request_body import BodyReader, read_blocks
from datavc_server.state import Author, Cursor, FilePath, Limit, Ref, Repo, ServerState, State
from datavc_server.write_record import note_commit, note_files

router = APIRouter(prefix="/repos/{repo}/refs/{ref}", tags=["files"])

_BYTES: dict[int | str, dict[str, object]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The content."},
    206: {"content": {"application/octet-stream": {}}, "description": "The range asked for."},
    304: {"description": "It is what `If-None-Match` says."},
    416: {"description": "The range starts behind the end."},
}


@router.get("/files")
def list_files(
    repo: Repo,
    ref: Ref,
    state: State,
    folder: Annotated[str, Query(description="List what is inside it.", examples=["raw"])] = "",
    recursive: Annotated[bool, Query(description="Every file below.")] = False,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Page[FileInfo]:
    """A folder: its files and folders, by path. The path of a folder ends in `/`."""
    tree = resolve.get_tree(state.vs, repo, ref)
    path = clean_prefix(folder)
    after = decode_cursor(cursor)
    if not is_folder(tree, path, state.vs.nodes):
        raise _missing(repo, ref, path)
    prefix = path if not path or path.endswith("/") else f"{path}/"
    found = list_folder(tree, state.vs.nodes, prefix, "" if recursive else "/", after)
    return page_of(found, limit, lambda item: item.path)


@router.get("/stat/{path:path}")
def stat_file(repo: Repo, ref: Ref, path: FilePath, state: State) -> FileInfo:
    """A file or a folder; of an external file, where it lies."""
    tree = resolve.get_tree(state.vs, repo, ref)
    plain = clean_prefix(path)
    entry = find_file(tree, plain, state.vs.nodes)
    if entry is not None:
        info = file_info(plain, entry)
        sources = read_external_uris(
            state.vs.objects, {plain: entry} if entry.kind is EntryKind.EXTERNAL else {}
        )
        return replace(info, source=sources.get(plain, ""))
    plain = plain.rstrip("/")
    if not is_folder(tree, plain, state.vs.nodes):
        raise _missing(repo, ref, plain)
    return FileInfo(f"{plain}/", 0, "")


@router.head("/files/{path:path}", include_in_schema=False)
@router.get("/files/{path:path}", responses=_BYTES, response_class=Response)
def read_file(repo: Repo, ref: Ref, path: FilePath, state: State, request: Request) -> Response:
    """A file's content, or a range of it. The `ETag` is the content's digest (BLAKE3)."""
    entry = _entry(state, resolve.get_tree(state.vs, repo, ref), repo, ref, clean_path(path))
    etag = f'"{entry.digest.hex()}"'
    # Never shown as a page: what users store could act in the name of whoever looks at it.
    headers = {
        "ETag": etag,
        "Cache-Control": "no-cache",
        "Content-Disposition": "attachment",
        "X-Content-Type-Options": "nosniff",
    }
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    wanted = request.headers.get("range")
    if request.headers.get("if-range", etag) != etag:
        wanted = None
    span = read_range(wanted, entry.size)
    headers |= span.headers() | {"Content-Type": "application/octet-stream"}
    if request.method == "HEAD":
        return Response(status_code=span.status, headers=headers)
    return StreamingResponse(in_batches(_content(state, entry, span)), span.status, headers)


@router.put("/files/{path:path}", status_code=201)
async def write_file(
    repo: Repo,
    ref: Ref,
    path: FilePath,
    state: State,
    request: Request,
    author: Author,
    message: Annotated[
        str | None, Query(description="Commit at once with it; without one, the file is staged.")
    ] = None,
) -> PutResult:
    """Store the request's body as one file of a branch."""
    room = await run_in_threadpool(quotas.room_in_repo, state.vs.db, repo)
    blocks = read_blocks(request, state.settings.max_file, room)
    return await run_in_threadpool(
        _put, state, repo, ref, clean_path(path), BodyReader(blocks), author, message
    )


def _put(
    state: ServerState,
    repo: str,
    branch: str,
    path: str,
    body: BodyReader,
    author: str,
    message: str | None,
) -> PutResult:
    vs = state.vs
    tree = branches.branch_tree(vs, repo, branch)
    staged = staging.staged_records(vs, repo, branch) if message is None else ()
    view = BranchView(tree, vs.nodes, staged)
    # A buffered reader is all that is read from; the declared type asks for what files also have.
    stream = cast("io.BufferedRandom", io.BufferedReader(body))
    done = ingest_stream(stream, path, view, vs.objects, vs.chunks, nodes=vs.nodes)
    note_files(state, done.bytes, done.stored_bytes)
    staged_id = commit_id = None
    if done.record is not None and message is None:
        staged_id = staging.stage(vs, repo, branch, done.record, author=author).id
    elif done.record is not None:
        commit = commits.commit_changes(
            vs, repo, branch, done.record, message=message or "", author=author
        )
        note_commit(state, repo, branch, commit.id, commit.run_id)
        commit_id = commit.id
    return PutResult(
        done.files, done.bytes, done.unchanged, done.stored_bytes, staged_id, commit_id
    )


def _entry(state: ServerState, tree: TreeRef, repo: str, ref: str, path: str) -> Entry:
    entry = find_file(tree, path, state.vs.nodes)
    if entry is None:
        if is_folder(tree, path, state.vs.nodes):
            raise InvalidPath(f"'{repo}@{ref}:/{path}' is a folder", hint="name a file in it")
        raise _missing(repo, ref, path)
    return entry


def _content(state: ServerState, entry: Entry, span: ByteRange) -> Iterator[Buffer]:
    """The content; its first piece is read at once, so that an error is still an answer."""
    pieces = read_content(state.vs.objects, entry, span.offset, span.length)
    first = next(pieces, b"")
    return chain([first], pieces)


def _missing(repo: str, ref: str, path: str) -> NotFound:
    return NotFound(f"there is no '{repo}@{ref}:/{path}'", hint="list the folder that it is in")
