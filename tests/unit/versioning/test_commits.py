"""Staging and commits, history and lineage."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from datavc.errors import (
    DataCorrupt,
    LostRace,
    NotFound,
    NothingStaged,
    PathConflict,
    StoreUnavailable,
)
from datavc.model.commit import Provenance
from datavc.store.backend import Buffer
from datavc.versioning import landing
from datavc.versioning.branch_view import BranchView
from datavc.versioning.branches import create_branch, get_branch
from datavc.versioning.commits import commit_changes, commit_staged, commit_tree
from datavc.versioning.history import log
from datavc.versioning.ingest import ingest_stream
from datavc.versioning.lineage import lineage
from datavc.versioning.nodes import NodeStore
from datavc.versioning.repos import create_repo
from datavc.versioning.resolve import get_commit, get_tree
from datavc.versioning.staging import list_staged, stage, staged_records
from datavc.versioning.versioned_store import VersionedStore
from tests.services.small_store import commit_files, read_files, store_changes


def put(vs: VersionedStore, files: dict[str, bytes | None]) -> None:
    stage(vs, "data", "main", store_changes(vs, files), author="ann")


def commit(vs: VersionedStore, message: str = "all", *, allow_empty: bool = False) -> str:
    return commit_staged(
        vs, "data", "main", message=message, author="ann", allow_empty=allow_empty
    ).id


def test_nothing_is_kept_of_a_branch_that_nobody_commits_to(vs: VersionedStore) -> None:
    for number in range(3):
        create_branch(vs, "data", f"b{number}", author="ann")
        commit_staged(vs, "data", f"b{number}", message="m", author="ann", allow_empty=True)
    gc.collect()
    assert not list(landing._turn._locks)


def test_what_was_just_written_is_not_read_back(
    vs: VersionedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    get = vs.objects.backend.get

    def note(key: str, offset: int = 0, length: int | None = None) -> Buffer:
        read.append(key)
        return get(key, offset, length)

    monkeypatch.setattr(vs.objects.backend, "get", note)
    for number in range(3):
        done = ingest_stream(
            b"%d" % number, f"f{number}", view_of(vs), vs.objects, vs.chunks, nodes=vs.nodes
        )
        assert done.record is not None
        commit_changes(vs, "data", "main", done.record, message="m", author="ann")
    assert read == []
    assert read_files(vs) == {"f0": b"0", "f1": b"1", "f2": b"2"}


def view_of(vs: VersionedStore) -> BranchView:
    return BranchView(get_tree(vs, "data", "main"), vs.nodes, ())


def test_what_is_staged_becomes_a_commit(vs: VersionedStore) -> None:
    put(vs, {"a": b"1", "b/c": b"22"})
    put(vs, {"a": b"newer", "d": b""})
    put(vs, {"b/c": None})
    assert [(s.puts, s.removals, s.bytes) for s in list_staged(vs, "data", "main")] == [
        (2, 0, 3),
        (2, 0, 5),
        (0, 1, 0),
    ]
    assert read_files(vs) == {}
    commit(vs)
    assert read_files(vs) == {"a": b"newer", "d": b""}
    assert list_staged(vs, "data", "main") == []
    info = get_commit(vs, "data", "main")
    assert (info.files, info.bytes, info.author, info.message) == (2, 5, "ann", "all")


def test_a_commit_of_nothing_is_refused_unless_asked_for(vs: VersionedStore) -> None:
    with pytest.raises(NothingStaged):
        commit(vs)
    first = commit(vs, allow_empty=True)
    assert get_commit(vs, "data", "main").id == first
    put(vs, {"a": b"1"})
    commit(vs)
    put(vs, {"a": b"1"})
    with pytest.raises(NothingStaged, match="leave branch 'main'"):
        commit(vs)
    assert len(list(log(vs, "data", "main"))) == 2


def test_a_commit_at_once_leaves_staging_alone(vs: VersionedStore) -> None:
    put(vs, {"staged": b"1"})
    commit_files(vs, {"direct": b"2"})
    assert read_files(vs) == {"direct": b"2"}
    commit(vs)
    assert read_files(vs) == {"direct": b"2", "staged": b"1"}


def test_equal_content_is_an_equal_tree_whatever_the_history(vs: VersionedStore) -> None:
    create_branch(vs, "data", "other", author="ann")
    commit_files(vs, {"a": b"1", "b": b"2"})
    commit_files(vs, {"b": b"2", "c": b"3"}, branch="other")
    commit_files(vs, {"a": b"1", "c": None}, branch="other")
    one, two = get_commit(vs, "data", "main"), get_commit(vs, "data", "other")
    assert one.tree == two.tree
    assert one.id != two.id


def test_a_put_that_does_not_fit_is_refused_before_it_is_staged(vs: VersionedStore) -> None:
    commit_files(vs, {"a/b": b"1"})
    with pytest.raises(PathConflict, match="/a would be a file and also the folder of /a/b"):
        put(vs, {"a": b"2"})
    put(vs, {"x": b"1"})
    with pytest.raises(PathConflict):
        put(vs, {"x/y": b"2"})
    put(vs, {"a/b": None, "a": b"2"})
    commit(vs)
    assert read_files(vs) == {"a": b"2", "x": b"1"}


def test_what_is_not_there_is_named(vs: VersionedStore) -> None:
    with pytest.raises(NotFound, match="no branch 'dev'"):
        commit_staged(vs, "data", "dev", message="m", author="ann")
    with pytest.raises(NotFound, match="repo 'other'"):
        stage(vs, "other", "main", store_changes(vs, {"a": b"1"}), author="ann")


def test_a_commit_lands_on_top_of_what_came_first(
    vs: VersionedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datavc.versioning import commits, landing

    raced: list[str] = []
    build = commits.apply_changes

    def slowly(*args: object, **named: object) -> object:
        if not raced:
            raced.append("now")
            # Another process, which takes no turns with this one, gets there first.
            with monkeypatch.context() as patch:
                patch.setattr(landing, "_turn", landing._Turns())
                raced.append(commit_files(vs, {"theirs": b"1"}).id)
        return build(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(commits, "apply_changes", slowly)
    mine = commit_files(vs, {"mine": b"2"})
    assert mine.parents == (raced[1],)
    assert read_files(vs) == {"mine": b"2", "theirs": b"1"}


def test_a_tree_is_committed_on_the_expected_head_only(vs: VersionedStore) -> None:
    head = commit_files(vs, {"a": b"1"}).id
    tree = get_tree(vs, "data", "main")
    create_repo(vs, "out", author="ann")
    seen: list[str] = []

    def land(expected: str | None, *, fail: bool = False) -> str:
        def extra(conn: Connection, commit_id: str) -> None:
            if fail:
                raise LostRace("not mine any more")
            seen.append(commit_id)

        return commit_tree(
            vs,
            "out",
            "main",
            tree,
            message="made",
            author="pipeline p",
            provenance=Provenance((head,), "p@1", "ab" * 32),
            run_id="0" * 32,
            expected_head=expected,
            extra=extra,
            relies_on=(),
        ).id

    with pytest.raises(LostRace, match="not mine"):
        land(None, fail=True)
    assert get_branch(vs, "out", "main").head is None
    made = land(None)
    assert seen == [made]
    with pytest.raises(LostRace, match="is not at None"):
        land(None)
    up = lineage(vs, "out", "main")
    assert [commit.id for commit in up.commits] == [made, head]
    assert [(edge.upstream, edge.downstream) for edge in up.edges] == [(head, made)]
    down = lineage(vs, "data", "main", "downstream")
    assert [commit.pipeline for commit in down.commits] == [None, "p@1"]


def test_history_is_read_page_by_page(vs: VersionedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [commit_files(vs, {"a": str(n).encode()}).id for n in range(7)]
    monkeypatch.setattr("datavc.versioning.history._PAGE", 3)
    assert [commit.id for commit in log(vs, "data", "main")] == made[::-1]
    assert [commit.id for commit in log(vs, "data", "main~2", limit=4)] == made[4::-1][:4]
    assert list(log(vs, "data", "main", limit=0)) == []


def test_a_store_that_goes_away_loses_nothing_that_was_acknowledged(
    vs: VersionedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(vs, {"a": b"1"})

    def away(key: str) -> None:
        raise StoreUnavailable("the store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(vs.objects.backend, "open_writer", away)
        with pytest.raises(StoreUnavailable):
            commit(vs)
        with pytest.raises(StoreUnavailable):
            store_changes(vs, {"b": b"2"})
    assert get_branch(vs, "data", "main").head is None
    assert len(staged_records(vs, "data", "main")) == 1
    commit(vs)
    assert read_files(vs) == {"a": b"1"}


def test_a_damaged_change_set_stops_the_commit(vs: VersionedStore, tmp_path: Path) -> None:
    put(vs, {"a": b"1"})
    record = staged_records(vs, "data", "main")[0]
    (pack,) = (tmp_path / "home" / "store").rglob(f"{record.location.pack.hex()}*")
    pack.chmod(0o600)
    with pack.open("r+b") as file:
        file.seek(record.location.offset + 70)
        file.write(b"\xff\xff\xff")
    # Who has stored it still remembers it.
    vs = replace(vs, nodes=NodeStore(vs.objects))
    with pytest.raises(DataCorrupt, match=record.location.pack.hex()):
        commit(vs)
    assert get_branch(vs, "data", "main").head is None
    assert len(staged_records(vs, "data", "main")) == 1


def test_commit_changes_says_what_it_made(vs: VersionedStore) -> None:
    record = store_changes(vs, {"a": b"1"})
    made = commit_changes(vs, "data", "main", record, message="m", author="bob")
    assert made == get_commit(vs, "data", "main")
