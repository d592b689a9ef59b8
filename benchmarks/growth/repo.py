"""A repo of any number of files, made without a folder of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from datavc import Client
from datavc.model.change_set import ChangeSetWriter
from datavc.model.commit_info import CommitInfo
from datavc.model.entry import Change, ChunkRef, Entry, Location
from datavc.model.ids import new_id
from datavc.store.chunk_index import ChunkIndex
from datavc.store.content import ContentWriter
from datavc.versioning.nodes import SessionSink

#: Files in each folder; there are folders of folders where they are many.
IN_FOLDER = 100
#: More files than that are made up: their entries are real, their contents nowhere.
MOST_WITH_CONTENT = 1_000_000
_SIZE = 128
_BATCH = 1024
#: As in a pack of 64 MiB of chunks of 4 KiB.
_IN_PACK = 16 * 1024
_RECORD = 4 * 1024 + 64


def path_of(number: int) -> str:
    """Path of one of the files; they sort as they are numbered."""
    folder = number // IN_FOLDER
    return f"part-{folder // 100:04}/folder-{folder % 100:02}/file-{number % IN_FOLDER:02}.bin"


def make_first_commit(client: Client, files: int, repo: str = "data") -> CommitInfo:
    """Commit that many files to a repo that is empty."""
    transport = client.transport
    objects, chunks = transport.objects, transport.chunks
    with objects.session(chunks) as session:
        changes = ChangeSetWriter(SessionSink(session))
        if files > MOST_WITH_CONTENT:
            found = _made_up(files, chunks)
        else:
            found = _stored(files, ContentWriter(session, chunks))
        for path, entry in found:
            changes.add(path, entry)
        record = changes.finish()
        session.finish()
    return transport.commit(repo, "main", "first", "bench", change_set=record, allow_empty=False)


def _stored(files: int, writer: ContentWriter) -> Iterator[Change]:
    for start in range(0, files, _BATCH):
        numbers = range(start, min(start + _BATCH, files))
        noise = os.urandom(len(numbers) * _SIZE)
        contents = [noise[at : at + _SIZE] for at in range(0, len(noise), _SIZE)]
        for number, entry in zip(numbers, writer.write_small(contents), strict=True):
            yield path_of(number), entry


def _made_up(files: int, chunks: ChunkIndex) -> Iterator[Change]:
    pack = b""
    noise = b""
    for number in range(files):
        at = number % _IN_PACK
        if not at:
            pack = bytes.fromhex(new_id())
            noise = os.urandom(32 * _IN_PACK)
            chunks.add_pack(pack, 32 + _IN_PACK * _RECORD, [])
        digest = noise[at * 32 : at * 32 + 32]
        place = Location(pack, 32 + at * _RECORD, _RECORD)
        size = _RECORD - 64
        yield path_of(number), Entry(size, digest, (ChunkRef(digest, size, place),))
