"""How much of the store something takes up, and how much of that nothing else shares."""

from __future__ import annotations

from datavc.db import repos as repo_rows
from datavc.model.collection import Usage
from datavc.versioning.marks import Marks
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
    with vs.db.read() as conn, Marks(MovedRecords(vs, conn)) as marks:
        reach = Reachability(vs, marks)
        infos = repo_rows.all_infos(conn)
        stored: list[int] = []
        for owner, info in enumerate(infos):
            reach.mark_of_repo(conn, find_repo(conn, info.name).id)
            stored.append(marks.charge(owner))
        reach.mark_of_jobs(conn)
        stored.append(marks.charge(len(infos)))
        unique = marks.unique_bytes()
    heads = [(info.name, info.files, info.bytes) for info in infos] + [(JOBS, 0, 0)]
    found = [
        Usage(name, files, size, stored[owner], unique.get(owner, 0))
        for owner, (name, files, size) in enumerate(heads)
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
    with vs.db.read() as conn, Marks(MovedRecords(vs, conn)) as marks:
        reach = Reachability(vs, marks)
        commit = resolve_id(conn, find_repo(conn, repo), ref)
        reach.mark_tree(tree)
        stored = marks.charge(0)
        reach.mark_all(conn, without={commit})
        marks.charge(1)
        unique = marks.unique_bytes()
    return Usage(f"{repo}@{ref}", tree.files, tree.bytes, stored, unique.get(0, 0))
