"""Short ways to put files given as a dict, and to read a ref back as one."""

from __future__ import annotations

from collections.abc import Mapping

from datavc.model.change_set import ChangeSetWriter, StagedRecord
from datavc.model.commit_info import CommitInfo
from datavc.model.tree.scan import scan
from datavc.store.content import ContentWriter, read_content
from datavc.versioning.commits import commit_changes
from datavc.versioning.nodes import SessionSink
from datavc.versioning.resolve import get_tree
from datavc.versioning.versioned_store import VersionedStore


def store_changes(vs: VersionedStore, files: Mapping[str, bytes | None]) -> StagedRecord:
    """Store contents and the change set that puts them; ``None`` removes a path."""
    with vs.objects.session(vs.chunks) as session:
        writer = ContentWriter(session, vs.chunks)
        changes = ChangeSetWriter(SessionSink(session))
        for path in sorted(files):
            data = files[path]
            changes.add(path, None if data is None else writer.write_small([data])[0])
        record = changes.finish()
        session.finish()
    return record


def commit_files(
    vs: VersionedStore,
    files: Mapping[str, bytes | None],
    *,
    repo: str = "data",
    branch: str = "main",
    message: str = "put",
) -> CommitInfo:
    """Commit *files* at once."""
    record = store_changes(vs, files)
    return commit_changes(vs, repo, branch, record, message=message, author="ann")


def read_files(vs: VersionedStore, ref: str = "main", *, repo: str = "data") -> dict[str, bytes]:
    """Every file of a ref with its content."""
    return {
        path: b"".join(read_content(vs.objects, entry))
        for path, entry in scan(get_tree(vs, repo, ref), vs.nodes)
    }
