"""Writing, copying and removing any number of files of a branch by one commit."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from datavc.errors import Collected, NothingStaged
from datavc.model.change_set import ChangeSetWriter
from datavc.model.entry import Entry, EntryKind
from datavc.store.content import ContentWriter
from datavc.store.external.record import read_external, write_external
from datavc.store.file_reader import FileReader
from datavc.versioning.nodes import SessionSink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datavc.client.base import ClientBase
    from datavc.model.change_set import StagedRecord
    from datavc.model.commit_info import CommitInfo

#: What a path shall hold: bytes, a local file's content, what an entry of this datavc holds, or
#: nothing at all.
Content = bytes | Path | Entry | None


def write_branch(
    client: ClientBase, repo: str, branch: str, contents: Mapping[str, Content], message: str
) -> CommitInfo | None:
    """Commit *contents*, by path, and run the pipelines that this feeds, where they run inline.

    Returns:
        The commit, or ``None`` where the branch holds all of it already.

    Raises:
        NotFound: there is no such repo or branch.
        PathConflict: a path would be a file and a folder.
        Conflict: a pipeline writes the branch, or it is protected.
        OutOfSpace, StoreUnavailable: nothing is visible.
    """
    try:
        commit = _commit(client, repo, branch, contents, message, again=False)
    except Collected:
        commit = _commit(client, repo, branch, contents, message, again=True)
    except NothingStaged:
        return None
    client.run_pipelines(commit)
    return commit


def _commit(
    client: ClientBase,
    repo: str,
    branch: str,
    contents: Mapping[str, Content],
    message: str,
    *,
    again: bool,
) -> CommitInfo:
    record = store_contents(client, contents, again=again)
    return client.transport.commit(
        repo, branch, message, client.author, change_set=record, allow_empty=False
    )


def store_contents(
    client: ClientBase, contents: Mapping[str, Content], *, again: bool
) -> StagedRecord:
    """Store *contents*, by path, as a change set that nothing refers to yet.

    Args:
        client: where.
        contents: see :data:`Content`.
        again: whether it was done before, and what it relied on was collected since.

    Raises:
        SourceUnreadable: a local file cannot be read.
        OutOfSpace, StoreUnavailable: it cannot be stored.
    """
    objects, chunks = client.transport.objects, client.transport.chunks
    with objects.session(chunks) as session:
        writer = ContentWriter(session, chunks)
        changes = ChangeSetWriter(SessionSink(session))
        for path in sorted(contents):
            content = contents[path]
            if isinstance(content, Entry):
                # Where its pieces lay was given up meanwhile, so they are stored anew.
                if again and content.kind is EntryKind.EXTERNAL:
                    content = write_external(session, read_external(objects, content))
                elif again:
                    stream = io.BufferedReader(FileReader(objects, path, content))
                    content = writer.write_stream(stream)
                changes.add(path, content)
            elif isinstance(content, Path):
                changes.add(path, writer.write_file(content))
            else:
                changes.add(path, None if content is None else writer.write_small([content])[0])
        record = changes.finish()
        session.finish()
    return record
