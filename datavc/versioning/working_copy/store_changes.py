"""Storing what was changed in a working copy, as one change set."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace

from datavc.model.change_set import StagedRecord
from datavc.model.entry import Change
from datavc.model.link_handling import LinkHandling
from datavc.store.chunk_index import ChunkIndex
from datavc.store.content import ContentWriter
from datavc.store.objects import ObjectStore
from datavc.versioning.branch_view import BranchView
from datavc.versioning.fewer_collections import fewer_collections
from datavc.versioning.ingest import Storing, write_changes
from datavc.versioning.local_files import LocalFile, Progress, Tally
from datavc.versioning.nodes import SessionSink
from datavc.versioning.working_copy.comparison import LocalChange


def store_changes(
    changes: Sequence[LocalChange],
    prefix: str,
    view: BranchView,
    objects: ObjectStore,
    chunks: ChunkIndex,
    *,
    progress: Progress | None = None,
) -> StagedRecord | None:
    """Store the content of changed files, and the change set that commits them.

    Args:
        changes: sorted by path.
        prefix: the folder of the repo that is checked out; ends in a slash, or is empty.
        view: the commit that they were compared with.
        objects: where content goes.
        chunks: what is there already.
        progress: told of files as they are done.

    Returns:
        ``None`` when the files are as they are in the commit by now.

    Raises:
        SourceUnreadable: a file changed since it was compared.
        OutOfSpace, StoreUnavailable: the store cannot take it; nothing is visible.
    """
    with fewer_collections(), objects.session(chunks) as session:
        writer = ContentWriter(session, chunks)
        storing = Storing(view, writer, Tally(progress), links=LinkHandling.KEEP, progress=progress)
        merged = heapq.merge(
            storing.changes(_files(changes, prefix)), _others(changes, prefix), key=_path
        )
        record = write_changes(merged, SessionSink(session))
        if record is not None or session.stored_bytes:
            session.finish()
        return record


def _files(changes: Sequence[LocalChange], prefix: str) -> Iterator[LocalFile]:
    for change in changes:
        if change.file is not None:
            yield replace(change.file, target=prefix + change.path)


def _others(changes: Sequence[LocalChange], prefix: str) -> Iterator[Change]:
    for change in changes:
        if change.file is None:
            yield prefix + change.path, change.entry


def _path(change: Change) -> str:
    return change[0]
