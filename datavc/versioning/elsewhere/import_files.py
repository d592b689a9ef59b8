"""External files into a change set: what differs from the branch, told by listings alone."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from datavc.errors import Conflict
from datavc.model.change_set import ChangeSetWriter, StagedRecord
from datavc.model.entry import Change, Entry, EntryKind
from datavc.model.link_handling import LinkHandling
from datavc.model.source_uri import shown
from datavc.store.chunk_index import ChunkIndex
from datavc.store.external.record import read_externals, write_external
from datavc.store.objects import ObjectStore
from datavc.store.pack_session import PackSession
from datavc.versioning.branch_view import BranchView
from datavc.versioning.elsewhere.found_file import FoundFile
from datavc.versioning.elsewhere.listing import check_found, list_source
from datavc.versioning.elsewhere.path_filter import PathFilter
from datavc.versioning.elsewhere.plan import ElsewhereSource
from datavc.versioning.elsewhere.target_name import inside
from datavc.versioning.local_files import Progress, Tally
from datavc.versioning.nodes import NodeStore, SessionSink

#: Descriptions of files that may have to go are read so many at a time.
_BATCH = 512

#: A path with what was found for it, or with what the branch holds there and no listing tells.
_Step = tuple[str, FoundFile | None, Entry | None]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What is to be imported, and how."""

    sources: Sequence[ElsewhereSource]
    wanted: PathFilter
    links: LinkHandling = LinkHandling.REFUSE
    #: Remove external files of these sources that are not there any more.
    delete: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What was found."""

    #: The change set; ``None`` when nothing differs, or nothing was to be written.
    record: StagedRecord | None
    #: Files at the sources, and their bytes there.
    files: int
    bytes: int
    #: Files among them that the branch holds so already.
    unchanged: int
    #: Files of the branch that are gone at the sources.
    removed: int


def import_files(
    plan: ImportPlan,
    view: BranchView,
    objects: ObjectStore,
    chunks: ChunkIndex,
    nodes: NodeStore,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Store descriptions of files that the branch does not hold so, and a change set of them.

    Args:
        plan: what is to be imported.
        view: the branch as it is.
        objects: where descriptions go; reads the listings by its sources.
        chunks: told of the pack.
        nodes: loads trees.
        dry_run: store nothing, and count what would be.
        progress: told of files as they are found.

    Raises:
        NotFound: a source holds nothing.
        InvalidPath: a name cannot be kept.
        Conflict: two sources give the same path.
        SourceUnreadable, AccessDenied, StoreUnavailable, OutOfSpace: nothing is visible.
    """
    run = _Import(plan, view, objects, nodes, Tally(progress))
    if dry_run:
        for _ in run.changes(None):
            pass
        return run.result(None)
    with objects.session(chunks) as session:
        writer = ChangeSetWriter(SessionSink(session))
        for path, entry in run.changes(session):
            writer.add(path, entry)
        record = None if writer.is_empty else writer.finish()
        if record is not None:
            session.finish()
    return run.result(record)


class _Import:
    def __init__(
        self,
        plan: ImportPlan,
        view: BranchView,
        objects: ObjectStore,
        nodes: NodeStore,
        tally: Tally,
    ) -> None:
        self._plan = plan
        self._view = view
        self._objects = objects
        self._nodes = nodes
        self._tally = tally
        self._removed = 0

    def result(self, record: StagedRecord | None) -> Imported:
        tally = self._tally
        return Imported(record, tally.files, tally.bytes, tally.unchanged, self._removed)

    def changes(self, session: PackSession | None) -> Iterator[Change]:
        """What differs, sorted; descriptions go to *session*, if anywhere."""
        held = self._view.holds()
        steps = self._steps()
        while batch := list(islice(steps, _BATCH)):
            doomed = set(self._doomed(batch))
            for path, found, _ in batch:
                if found is None:
                    if path in doomed:
                        self._removed += 1
                        yield path, None
                    continue
                external = found.external
                same = held.same(
                    path, external.size, external.digest, executable=False, kind=EntryKind.EXTERNAL
                )
                self._tally.add(1, external.size, unchanged=int(same))
                if not same:
                    yield path, None if session is None else write_external(session, external)

    def _steps(self) -> Iterator[_Step]:
        """What was found, merged with what the branch holds where that may have to go."""
        listed: Iterator[_Step] = ((one.target, one, None) for one in self._found())
        held: Iterator[_Step] = iter(())
        if self._plan.delete:
            held = ((path, None, entry) for path, entry in self._held())
        last: _Step | None = None
        for step in heapq.merge(listed, held, key=_order):
            path, found, _ = step
            if last is not None and last[0] == path:
                if found is not None and last[1] is not None:
                    raise Conflict(
                        f"{shown(last[1].external.uri)} and {shown(found.external.uri)} would both "
                        f"become /{path}",
                        hint="import them into different folders",
                    )
                continue
            last = step
            yield step

    def _found(self) -> Iterator[FoundFile]:
        return heapq.merge(*map(self._listed, self._plan.sources), key=lambda one: one.target)

    def _listed(self, source: ElsewhereSource) -> Iterator[FoundFile]:
        access, plan = self._objects.sources, self._plan
        count = 0
        for found in list_source(source, access, self._nodes, plan.wanted, plan.links):
            count += 1
            yield found
        # A folder that was emptied is a mistyped one unless what was there is to go.
        if not plan.delete:
            check_found(source, count)

    def _held(self) -> Iterator[tuple[str, Entry]]:
        """The external files in the folders that are imported into."""
        folders = [inside(one.target) for one in self._plan.sources if one.is_folder]
        if not folders:
            return
        prefix = folders[0] if len(folders) == 1 else ""
        for path, entry in self._view.files(prefix):
            if entry.kind is EntryKind.EXTERNAL and path.startswith(tuple(folders)):
                yield path, entry

    def _doomed(self, batch: Sequence[_Step]) -> Iterator[str]:
        """The paths that no listing tells although their files came from one of the sources."""
        asked = [(path, entry) for path, _, entry in batch if entry is not None]
        externals = read_externals(self._objects, (entry for _, entry in asked))
        for (path, _), external in zip(asked, externals, strict=True):
            for source in self._plan.sources:
                into = inside(source.target)
                if (
                    source.is_folder
                    and path.startswith(into)
                    and external.uri.startswith(source.uri)
                    and self._plan.wanted.selects(path[len(into) :])
                ):
                    yield path
                    break


def _order(step: _Step) -> tuple[str, bool]:
    # What was found comes first, so that it stands where both are.
    return step[0], step[1] is None
