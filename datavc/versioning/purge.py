"""Removing content from all history: the bytes go, while commits, trees and lineage stay.

What is removed are the pieces (chunks) that no other content uses. Trees go on naming them, so no
id changes; a reader is told that they were purged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from datavc.db import packs as pack_rows
from datavc.db import purges, roots
from datavc.db import repos as repo_rows
from datavc.db.clock import now_us
from datavc.db.packs import PackRow
from datavc.errors import InvalidInput, LostRace, NotFound
from datavc.model.change_set import read_change_set
from datavc.model.collection import PurgedPlace, PurgeInfo, PurgeResult
from datavc.model.ids import DIGEST_SIZE, new_id
from datavc.model.tree.lookup import find_file
from datavc.model.tree.scan import scan
from datavc.store.pack import PackFooter, PackRecord
from datavc.store.record import RecordKind
from datavc.versioning.compaction import nothing_new_in
from datavc.versioning.marks import Marks
from datavc.versioning.moved_records import MovedRecords
from datavc.versioning.orphans import delete_rewritten
from datavc.versioning.pack_rewrite import Rewrite, rewrite_packs
from datavc.versioning.purge_reach import PurgeReach
from datavc.versioning.repos import find_repo
from datavc.versioning.upkeep_turn import UpkeepTurn, upkeep_turn
from datavc.versioning.versioned_store import VersionedStore

#: Called with what is done at present, and how many more of it were done since the last call.
Progress = Callable[[str, int], None]

#: What is not a repo's: records of jobs, and outputs of datums.
_JOBS = "(pipelines' records)"
#: How often it is tried to outrun writers that come to share a piece.
_TRIES = 5
_READERS = 8
#: Packs looked at together.
_PAGE = 64
_CONTENT = (RecordKind.CHUNK, RecordKind.CHUNK_LIST, RecordKind.EXTERNAL)


def contents_at(vs: VersionedStore, repo: str, path: str) -> set[bytes]:
    """Digests of all that ever stood at a path of a repo, or below it, and is kept or staged.

    Raises:
        NotFound: there is no such repo, or nothing ever stood there.
        InvalidInput: the path is the root.
    """
    if not path:
        raise InvalidInput(
            f"'{repo}:/' is all of the repo", hint=f"delete it: `datavc repo delete {repo}`"
        )
    found: set[bytes] = set()
    with vs.db.read() as conn:
        repo_id = find_repo(conn, repo).id
        seen: set[bytes] = set()
        for tree in roots.trees(conn, repo_id=repo_id):
            if tree.digest in seen:
                continue
            seen.add(tree.digest)
            file = find_file(tree, path, vs.nodes)
            below = scan(tree, vs.nodes, prefix=f"{path}/")
            found.update(entry.digest for _, entry in below if entry.refs)
            if file is not None:
                found.add(file.digest)
        for record in roots.staged(conn, repo_id=repo_id):
            changes = read_change_set(record.location, record.digest, vs.nodes)
            found.update(
                entry.digest
                for at, entry in changes
                if entry is not None and f"{at}/".startswith(f"{path}/")
            )
    if not found:
        raise NotFound(
            f"no commit of repo {repo!r} has anything at '/{path}'",
            hint=f"see `datavc ls {repo}`, and `datavc log {repo}`",
        )
    return found


def purge_path(
    vs: VersionedStore,
    repo: str,
    path: str,
    *,
    author: str,
    reason: str = "",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> PurgeResult:
    """Remove all that ever stood at a path of a repo, wherever it stands; see :func:`purge`.

    Raises:
        NotFound, InvalidInput: as :func:`contents_at`; besides as :func:`purge`.
    """
    return purge(
        vs,
        contents_at(vs, repo, path),
        subject=f"{repo}:/{path}",
        author=author,
        reason=reason,
        dry_run=dry_run,
        progress=progress,
    )


def purge(
    vs: VersionedStore,
    digests: Collection[bytes],
    *,
    subject: str,
    author: str,
    reason: str = "",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> PurgeResult:
    """Remove contents from all history of all repos. Safe beside all other work, and to repeat.

    Args:
        vs: where.
        digests: digests of whole files.
        subject: what was asked for, for the record.
        author: who asked.
        reason: why.
        dry_run: remove nothing, and tell what would be.
        progress: told of what is done.

    Raises:
        InvalidInput: a digest is none.
        NotFound: nothing in use has such content.
        DataCorrupt: something in use is damaged; nothing is removed.
        Conflict: somebody else looks after the store already.
        LostRace: others kept on using pieces of it; run it again.
    """
    if not digests or any(len(digest) != DIGEST_SIZE for digest in digests):
        raise InvalidInput("what is to be purged is named by digests of 32 bytes")
    work = _Purge(vs, frozenset(digests), progress)
    info = PurgeInfo(new_id(), subject, reason, len(digests), 0, author, now_us())
    if dry_run:
        return work.run(info, None)
    with upkeep_turn(vs) as turn:
        return work.run(info, turn)


def list_purges(vs: VersionedStore) -> list[PurgeInfo]:
    """All that was purged, newest first."""
    with vs.db.read() as conn:
        return purges.list_all(conn)


@dataclass(slots=True)
class _Plan:
    """Packs that hold what must go, and what it adds up to."""

    #: With no chunk lists among that, and with some.
    plain: list[PackRow] = field(default_factory=list)
    with_lists: list[PackRow] = field(default_factory=list)
    bytes: int = 0
    shared_pieces: int = 0
    shared_bytes: int = 0

    @property
    def packs(self) -> list[PackRow]:
        """All of them, in the order in which they are to be rewritten."""
        return self.plain + self.with_lists


class _Purge:
    def __init__(
        self, vs: VersionedStore, digests: frozenset[bytes], progress: Progress | None
    ) -> None:
        self._vs = vs
        self._digests = digests
        self._progress = progress

    def run(self, info: PurgeInfo, turn: UpkeepTurn | None) -> PurgeResult:
        with self._vs.db.read() as conn:
            moved = MovedRecords(self._vs, conn)
        with Marks(moved) as others:
            reach = PurgeReach(
                self._vs, others, self._digests, lambda n: self._tell("nodes read", n)
            )
            places = self._walk(reach)
            if not reach.found:
                raise NotFound(f"nothing that is kept has the content of {info.subject}")
            plan = self._plan(others, reach)
            info = replace(info, contents=len(reach.found), freed_bytes=plan.bytes)
            rewritten = 0
            if turn is not None:
                with self._vs.db.write() as conn:
                    turn.check(conn)
                    purges.add(conn, info)
                rewritten = self._remove(plan, others, reach, turn)
                # A purge that was interrupted may have left the bytes where they were.
                delete_rewritten(self._vs)
        return PurgeResult(
            turn is None,
            info,
            places,
            rewritten or len(plan.packs),
            plan.shared_pieces,
            plan.shared_bytes,
            tuple(sorted(reach.sources)),
        )

    def _walk(self, reach: PurgeReach) -> tuple[PurgedPlace, ...]:
        """Mark everything, repo by repo, so that each place is known by its repo."""
        places: list[PurgedPlace] = []
        with self._vs.db.read() as conn:
            for name in [info.name for info in repo_rows.all_infos(conn)]:
                reach.mark_of_repo(conn, find_repo(conn, name).id)
                places += [PurgedPlace(name, path) for path in reach.take_paths()]
            reach.mark_of_jobs(conn)
            places += [PurgedPlace(_JOBS, path) for path in reach.take_paths()]
        return tuple(places)

    def _plan(self, others: Marks, reach: PurgeReach) -> _Plan:
        """Every copy of a piece that other content does not use."""
        plan = _Plan()
        for row, footer in self._holders(reach):
            marked = others.of_pack(row.id)
            levels: set[int] = set()
            for record in _pieces_in(footer, reach):
                if marked.has(record.location.offset):
                    plan.shared_pieces += 1
                    plan.shared_bytes += record.location.length
                else:
                    plan.bytes += record.location.length
                    levels.add(reach.pieces[record.digest])
            if levels:
                (plan.with_lists if max(levels) else plan.plain).append(row)
        return plan

    def _holders(self, reach: PurgeReach) -> Iterator[tuple[PackRow, PackFooter]]:
        """The packs that hold such pieces."""
        with ThreadPoolExecutor(_READERS, "datavc-footer") as pool:
            for page in pack_rows.pages(self._vs.db, _PAGE):
                footers = pool.map(self._vs.objects.footer, [row.id for row in page])
                for row, footer in zip(page, footers, strict=True):
                    self._tell("packs", 1)
                    if not reach.pieces.keys().isdisjoint(footer.all_digests()):
                        yield row, footer

    def _remove(self, plan: _Plan, others: Marks, reach: PurgeReach, turn: UpkeepTurn) -> int:
        # A list that is gone does not tell any more what else must go. So lists go last, or a run
        # that is killed would leave pieces that the next one does not find.
        top = max(reach.pieces.values(), default=0)
        if len(plan.with_lists) <= 1:
            return self._remove_up_to(top, plan.packs, others, reach, turn)
        count = self._remove_up_to(0, plan.packs, others, reach, turn)
        for level in range(1, top + 1):
            packs = self._plan(others, reach).packs
            count += self._remove_up_to(level, packs, others, reach, turn)
        return count

    def _remove_up_to(
        self,
        level: int,
        packs: list[PackRow],
        others: Marks,
        reach: PurgeReach,
        turn: UpkeepTurn,
    ) -> int:
        left = {row.id: row for row in packs}
        count = 0
        for _ in range(_TRIES):
            looked_at: set[bytes] = set()
            done = rewrite_packs(
                self._vs,
                self._look_into(level, left.values(), looked_at, others, reach),
                turn,
                nothing_new_in(others, reach.mark_all),
                lambda packs: self._tell("packs rewritten", packs),
            )
            count += len(done)
            rewritten = {one.row.id for one in done}
            left = {p: row for p, row in left.items() if p in looked_at and p not in rewritten}
            if not left:
                return count
        raise LostRace(
            f"others kept on using pieces of what was to be purged: {len(left)} packs are left",
            hint="run it again; what was removed stays so",
        )

    def _look_into(
        self,
        level: int,
        packs: Iterable[PackRow],
        doomed_in: set[bytes],
        others: Marks,
        reach: PurgeReach,
    ) -> Iterator[Rewrite]:
        """What must go of each of *packs*; those are added to *doomed_in*."""
        for row in packs:
            marked = others.of_pack(row.id)
            footer = self._vs.objects.footer(row.id)
            doomed = frozenset(
                record.location.offset
                for record in _pieces_in(footer, reach)
                if reach.pieces[record.digest] <= level and not marked.has(record.location.offset)
            )
            if doomed:
                doomed_in.add(row.id)
                yield Rewrite(row, footer, doomed, purged=True)

    def _tell(self, what: str, count: int) -> None:
        if self._progress:
            self._progress(what, count)


def _pieces_in(footer: PackFooter, reach: PurgeReach) -> Iterator[PackRecord]:
    for record in footer.records():
        if record.digest in reach.pieces and record.kind in _CONTENT:
            yield record
