"""How much of the store something takes up, and how much of that nothing else shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from datavc.db import repos as repo_rows
from datavc.model.collection import Usage
from datavc.versioning.marks import Marks, PackMarks, read_together
from datavc.versioning.moved_records import MovedRecords
from datavc.versioning.reachability import Reachability
from datavc.versioning.repos import find_repo
from datavc.versioning.resolve import get_tree, resolve_id
from datavc.versioning.versioned_store import VersionedStore

#: What is not a repo's: records of jobs, and outputs of datums.
JOBS = "(pipelines' records)"


def usage_of_repos(vs: VersionedStore) -> list[Usage]:
    """What each repo takes up, by name, and what pipelines keep beside them.

    Raises:
        NotFound, DataCorrupt: the store lacks something, or has it wrong.
    """
    with ExitStack() as stack, vs.db.read() as conn:
        infos = repo_rows.all_infos(conn)
        names = [info.name for info in infos]
        sides = _sides(stack, MovedRecords(vs, conn), len(names) + 1)
        for name, marks in zip(names, sides, strict=False):
            Reachability(vs, marks).mark_of_repo(conn, find_repo(conn, name).id)
        Reachability(vs, sides[-1]).mark_of_jobs(conn)
        stored, unique = _measure(vs, sides)
    heads = [(info.name, info.files, info.bytes) for info in infos] + [(JOBS, 0, 0)]
    found = [
        Usage(name, files, size, stored[index], unique[index])
        for index, (name, files, size) in enumerate(heads)
    ]
    return found if stored[-1] else found[:-1]


def usage_of_commit(vs: VersionedStore, repo: str, ref: str) -> Usage:
    """What one commit takes up, and how much would go with it alone.

    Raises:
        NotFound: there is no such repo or ref.
        Expired: its content was given up.
        DataCorrupt: the store has something wrong.
    """
    tree = get_tree(vs, repo, ref)
    with ExitStack() as stack, vs.db.read() as conn:
        commit = resolve_id(conn, find_repo(conn, repo), ref)
        own, rest = _sides(stack, MovedRecords(vs, conn), 2)
        Reachability(vs, own).mark_tree(tree)
        Reachability(vs, rest).mark_all(conn, without={commit})
        stored, unique = _measure(vs, [own, rest])
    return Usage(f"{repo}@{ref}", tree.files, tree.bytes, stored[0], unique[0])


def _sides(stack: ExitStack, moved: MovedRecords, count: int) -> list[Marks]:
    first = stack.enter_context(Marks(moved))
    return [first, *(stack.enter_context(Marks(moved, first)) for _ in range(count - 1))]


def _measure(vs: VersionedStore, sides: Sequence[Marks]) -> tuple[list[int], list[int]]:
    """Bytes that each side refers to, and those among them that no other one does."""
    stored, unique = [0] * len(sides), [0] * len(sides)
    for pack, marks in read_together(sides):
        for length, owners in _owners(vs, pack, marks):
            for owner in owners:
                stored[owner] += length
            if len(owners) == 1:
                unique[owners[0]] += length
    return stored, unique


def _owners(
    vs: VersionedStore, pack: bytes, marks: Sequence[PackMarks]
) -> Iterator[tuple[int, list[int]]]:
    for record in vs.objects.footer(pack).records():
        at = record.location
        owners = [index for index, side in enumerate(marks) if side.has(at.offset)]
        if owners:
            yield at.length, owners
