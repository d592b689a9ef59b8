"""The commits of a spout: what its program has finished, again and again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from datavc.db import branches, job_claims, job_events, repos
from datavc.db.clock import now_us
from datavc.db.job_claims import JobFacts
from datavc.db.jobs import JobRow
from datavc.db.pipelines import PipelineRow
from datavc.engine.finished_files import finished_files
from datavc.engine.job_rights import JobRights
from datavc.engine.scratch import open_below
from datavc.errors import LostRace, SourceUnreadable
from datavc.model.account import account_of_pipeline
from datavc.model.commit import Provenance, TreeRef
from datavc.model.datum import Datum, DatumMaker
from datavc.model.datum_input import DatumInput
from datavc.model.entry import Entry, EntryKind
from datavc.model.ids import new_id
from datavc.model.pipeline_input import PfsInput
from datavc.model.spout import MARKER_INPUT, SpoutSpec
from datavc.model.tree.apply import apply_changes
from datavc.model.tree.lookup import lookup
from datavc.store.content import ContentWriter
from datavc.versioning.commits import commit_tree
from datavc.versioning.nodes import SessionSink
from datavc.versioning.relied_packs import packs_written
from datavc.versioning.resolve import get_tree
from datavc.versioning.versioned_store import VersionedStore

#: Inode, size, and time of the last change.
_Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class SpoutCommits:
    """Commits what a spout has finished, as long as *owner* holds its job."""

    vs: VersionedStore
    spec: SpoutSpec
    job: JobRow
    owner: str
    pipeline: PipelineRow
    code_digest: str
    rights: JobRights

    def datum(self) -> Datum:
        """What the program sees when it starts: its marker as it was committed last, if any."""
        name = self.spec.marker
        entry = lookup(self._tree(), name, self.vs.nodes) if name else None
        parts: tuple[DatumInput, ...] = ()
        if entry is not None and entry.kind is EntryKind.FILE:
            source = PfsInput(
                MARKER_INPUT, self.pipeline.output_repo, self.pipeline.output_branch, f"/{name}"
            )
            parts = (DatumInput(source, name, entry, b""),)
        return DatumMaker(self.code_digest).datum(parts)

    def commits(self) -> dict[tuple[str, str], str]:
        """The output branch's head, which the marker is read from."""
        head = self._head()
        where = (self.pipeline.output_repo, self.pipeline.output_branch)
        return {} if head is None else {where: head}

    def trees(self) -> dict[tuple[str, str], TreeRef]:
        """The tree of that branch."""
        return {(self.pipeline.output_repo, self.pipeline.output_branch): self._tree()}

    def take(self, folder: Path) -> bool:
        """Commit all that is finished in *folder*, and remove it there; whether there was any.

        The marker is looked for first: what was finished before it is in the same commit.

        Raises:
            LostRace: the job is not this engine's any more, or somebody else has moved the branch.
            AccessDenied: the pipeline may not write there any more.
            OutOfSpace, StoreUnavailable, DatabaseUnavailable: nothing was committed or removed.
        """
        if not finished_files(folder):
            return False
        head, base = self._head(), self._tree()
        with self.vs.objects.session(self.vs.chunks) as session:
            taken = _Taken(folder, ContentWriter(session, self.vs.chunks))
            name = self.spec.marker
            if name:
                taken.add(path for path in finished_files(folder) if path == name)
            taken.add(path for path in finished_files(folder) if path != name)
            changes = iter(sorted(taken.entries.items()))
            tree = apply_changes(base, changes, self.vs.nodes, SessionSink(session))
            written = packs_written(session.finish())
        if not taken.entries:
            return False
        if head is None or tree.digest != base.digest:
            self._commit(head, tree, len(taken.entries), written)
        for path, signature in taken.signatures.items():
            _remove(folder / path, signature, folder.parent / ".taken")
        return True

    def _commit(self, head: str | None, tree: TreeRef, count: int, written: set[bytes]) -> None:
        name = f"{self.pipeline.name}@{self.pipeline.version}"

        def record(conn: Connection, commit: str | None) -> None:
            self.rights.check_output(conn)
            facts = JobFacts(output=commit)
            if not job_claims.record(conn, self.job.id, self.owner, facts):
                raise LostRace(f"job {self.job.id} was taken over or stopped")
            text = f"committed {count} files: {commit}"
            job_events.add(conn, self.job.id, text, time_us=now_us())
            self.rights.write_down(conn)

        commit_tree(
            self.vs,
            self.pipeline.output_repo,
            self.pipeline.output_branch,
            tree,
            message=f"{name}: job {self.job.id}",
            author=account_of_pipeline(self.pipeline.name),
            provenance=Provenance(pipeline=name, pipeline_digest=self.code_digest),
            run_id=new_id(),
            expected_head=head,
            extra=record,
            relies_on=written,
        )

    def _head(self) -> str | None:
        with self.vs.db.read() as conn:
            repo = repos.get(conn, self.pipeline.output_repo)
            branch = branches.find(conn, repo.id, self.pipeline.output_branch)
            return None if branch is None else branch.head

    def _tree(self) -> TreeRef:
        return get_tree(self.vs, self.pipeline.output_repo, self.pipeline.output_branch)


class _Taken:
    """Files that were stored, and what tells whether they are still as they were then."""

    def __init__(self, folder: Path, writer: ContentWriter) -> None:
        self._folder = folder
        self._writer = writer
        self.entries: dict[str, Entry] = {}
        self.signatures: dict[str, _Signature] = {}

    def add(self, paths: Iterable[str]) -> None:
        """Store files; those that are gone or changed meanwhile are left for the next time."""
        for path in paths:
            with (
                contextlib.suppress(SourceUnreadable, OSError),
                open_below(self._folder, path) as file,
            ):
                signature = _signature(os.fstat(file))
                self.entries[path] = self._writer.write_file(Path(f"/proc/self/fd/{file}"))
                self.signatures[path] = signature


def _remove(path: Path, signature: _Signature, spare: Path) -> None:
    """Remove a file that is as it was; one that took its place meanwhile stays.

    It is looked at where nobody else finds it, so that nothing can come in between.
    """
    try:
        path.rename(spare)
    except FileNotFoundError:
        return
    if _signature(spare.lstat()) != signature:
        # If there is yet another one by now, that is the newest.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(spare)
    spare.unlink()


def _signature(found: os.stat_result) -> _Signature:
    """What tells that a file is as it was."""
    return found.st_ino, found.st_size, found.st_mtime_ns
