"""Repos, refs, commits, provenance, staging and tokens: the same on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from datavc.db import (
    branches,
    commits,
    provenance,
    ref_log,
    repos,
    staging,
    tags,
)
from datavc.db.session import Database
from datavc.db.tables import Repo
from datavc.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from datavc.model.change_set import StagedRecord
from datavc.model.commit import Commit, Provenance, TreeRef
from datavc.model.entry import Location
from datavc.model.ids import digest_of
from datavc.model.repo import BranchInfo, RefMove, StagedChange, TagInfo

RUN = "0" * 31 + "1"


def make_repo(database: Database, name: str = "data") -> int:
    with database.write() as conn:
        return repos.create(conn, name, description="", default_branch="main", time_us=1).id


def make_commit(
    number: int,
    *,
    repo: str = "data",
    parents: tuple[str, ...] = (),
    upstream: tuple[str, ...] = (),
    run_id: str = RUN,
) -> Commit:
    location = Location(b"p" * 16, number, 10) if number else None
    return Commit(
        repo=repo,
        tree=TreeRef(digest_of(str(number).encode()), location, number, number * 100),
        parents=parents,
        author="ann",
        message=f"number {number}",
        time_us=number,
        provenance=Provenance(tuple(sorted(upstream)), "train@3" if upstream else None),
        run_id=run_id,
    )


def land(database: Database, repo_id: int, commit: Commit) -> str:
    with database.write() as conn:
        assert commits.create(conn, repo_id, commit)
    return commit.id


def make_line(database: Database, repo_id: int, length: int) -> list[str]:
    """A first-parent line of commits, the oldest first."""
    line: list[str] = []
    for number in range(length):
        line.append(land(database, repo_id, make_commit(number, parents=tuple(line[-1:]))))
    return line


def make_record(number: int = 1) -> StagedRecord:
    return StagedRecord(digest_of(bytes([number])), Location(b"q" * 16, number, 7), 3, 1, 2**40)


# repos


def test_a_repo_is_found_as_it_was_created(database: Database) -> None:
    with database.write() as conn:
        made = repos.create(conn, "data", description="rows", default_branch="trunk", time_us=5)
    with database.read() as conn:
        assert repos.find(conn, "data") == made
        assert repos.get(conn, "data") == made
        assert repos.find(conn, "Data") is None
        with pytest.raises(NotFound, match="'other'"):
            repos.get(conn, "other")


def test_a_repo_name_is_taken_once(database: Database) -> None:
    make_repo(database)
    with pytest.raises(AlreadyExists, match="'data'"):
        make_repo(database)
    assert make_repo(database, "other")


def test_repo_infos_count_the_default_branch(database: Database) -> None:
    repo_id = make_repo(database)
    make_repo(database, "empty")
    commit = land(database, repo_id, make_commit(3))
    with database.write() as conn:
        branches.create(conn, repo_id, "main", commit, author="a", reason="r", time_us=1)
        branches.create(conn, repo_id, "side", None, author="a", reason="r", time_us=1)
    with database.read() as conn:
        listed = repos.list_infos(conn)
        assert [(info.name, info.files, info.bytes) for info in listed] == [
            ("data", 3, 300),
            ("empty", 0, 0),
        ]
        assert repos.info(conn, "data") == listed[0]
        assert repos.info(conn, "none") is None


def test_listings_are_in_byte_order_and_paged(database: Database) -> None:
    for name in ["b", "B", "a_", "aB", "a-b", "ab"]:
        make_repo(database, name)
    with database.read() as conn:
        first = repos.list_infos(conn, limit=4)
        rest = repos.list_infos(conn, after=first[-1].name)
    assert [info.name for info in first] == ["B", "a-b", "aB", "a_"]
    assert [info.name for info in rest] == ["ab", "b"]


def test_removing_a_repo_takes_all_but_its_ref_log_and_its_downstream(database: Database) -> None:
    repo_id, other_id = make_repo(database), make_repo(database, "model")
    source = land(database, repo_id, make_commit(1))
    made = land(database, other_id, make_commit(2, repo="model", upstream=(source,)))
    with database.write() as conn:
        branches.create(conn, repo_id, "main", source, author="ann", reason="c", time_us=1)
        tags.create(conn, repo_id, "v1", source, author="ann", time_us=2)
        staging.add(conn, repo_id, "main", make_record(), author="ann", time_us=3)
        assert provenance.repo_is_upstream(conn, repo_id)
        assert not provenance.repo_is_upstream(conn, other_id)
        repos.remove(conn, repo_id, author="bob", time_us=9)
    with database.read() as conn:
        assert repos.find(conn, "data") is None
        assert commits.find(conn, source) is None
        assert [edge.upstream for edge in provenance.upstream(conn, made)] == [source]
        log = [move for _, move in ref_log.list_moves(conn, repo_id)]
    assert log[:2] == [
        RefMove("data", "tag", "v1", source, None, "bob", "repo deleted", 9),
        RefMove("data", "branch", "main", source, None, "bob", "repo deleted", 9),
    ]
    again = make_repo(database)
    assert again != repo_id
    with database.read() as conn:
        assert ref_log.list_moves(conn, again) == []


# branches, tags and the ref log


def test_a_branch_moves_only_from_where_it_is(database: Database) -> None:
    repo_id = make_repo(database)
    one, two = make_line(database, repo_id, 2)
    with database.write() as conn:
        branches.create(conn, repo_id, "main", None, author="ann", reason="new", time_us=1)
        assert not branches.move(
            conn, repo_id, "main", one, two, author="bob", reason="no", time_us=2
        )
        assert branches.move(
            conn, repo_id, "main", None, one, author="bob", reason="commit", time_us=3
        )
        assert not branches.move(
            conn, repo_id, "main", None, two, author="bob", reason="no", time_us=4
        )
        assert not branches.move(
            conn, repo_id, "side", None, two, author="bob", reason="no", time_us=4
        )
        assert branches.move(
            conn, repo_id, "main", one, None, author="bob", reason="back", time_us=5
        )
    with database.read() as conn:
        assert branches.find(conn, repo_id, "main") == BranchInfo("data", "main", None, 5)
        moves = [move for _, move in ref_log.list_moves(conn, repo_id)]
    assert [(move.old, move.new, move.author, move.reason, move.time_us) for move in moves] == [
        (one, None, "bob", "back", 5),
        (None, one, "bob", "commit", 3),
        (None, None, "ann", "new", 1),
    ]


def test_branches_are_created_once_and_listed_by_name(database: Database) -> None:
    repo_id = make_repo(database)
    with database.write() as conn:
        for name in ["main", "dev", "a/b"]:
            branches.create(conn, repo_id, name, None, author="a", reason="r", time_us=1)
        with pytest.raises(AlreadyExists, match="'dev'"):
            branches.create(conn, repo_id, "dev", None, author="a", reason="r", time_us=1)
    with database.read() as conn:
        assert [info.name for info in branches.list_branches(conn, repo_id)] == [
            "a/b",
            "dev",
            "main",
        ]
        page = branches.list_branches(conn, repo_id, after="a/b", limit=1)
        assert [info.name for info in page] == ["dev"]


def test_a_branch_cannot_point_at_a_commit_that_is_not_there(database: Database) -> None:
    repo_id = make_repo(database)
    with pytest.raises(Conflict), database.write() as conn:
        branches.create(conn, repo_id, "main", "f" * 64, author="a", reason="r", time_us=1)
    with database.read() as conn:
        assert branches.find(conn, repo_id, "main") is None
        assert ref_log.list_moves(conn, repo_id) == []


def test_removing_a_branch_drops_its_staging_and_logs_it(database: Database) -> None:
    repo_id = make_repo(database)
    commit = land(database, repo_id, make_commit(1))
    with database.write() as conn:
        branches.create(conn, repo_id, "main", commit, author="a", reason="r", time_us=1)
        staging.add(conn, repo_id, "main", make_record(), author="a", time_us=1)
        assert branches.remove(conn, repo_id, "main", author="bob", reason="gone", time_us=2)
        assert not branches.remove(conn, repo_id, "main", author="bob", reason="", time_us=3)
        branches.create(conn, repo_id, "main", commit, author="a", reason="r", time_us=4)
    with database.read() as conn:
        assert staging.count(conn, repo_id, "main") == 0
        assert commits.find(conn, commit) is not None
        moves = [move for _, move in ref_log.list_moves(conn, repo_id, name="main")]
    assert moves[1] == RefMove("data", "branch", "main", commit, None, "bob", "gone", 2)
    assert len(moves) == 3


def test_tags_are_fixed_and_logged(database: Database) -> None:
    repo_id = make_repo(database)
    one, two = make_line(database, repo_id, 2)
    with database.write() as conn:
        tags.create(conn, repo_id, "v1", one, author="ann", time_us=1)
        with pytest.raises(AlreadyExists, match="'v1'"):
            tags.create(conn, repo_id, "v1", two, author="ann", time_us=2)
        assert tags.find(conn, repo_id, "v1") == TagInfo("data", "v1", one, 1, "ann")
        assert tags.list_tags(conn, repo_id, after="v0") == [TagInfo("data", "v1", one, 1, "ann")]
        assert tags.list_tags(conn, repo_id, after="v1") == []
        assert tags.remove(conn, repo_id, "v1", author="bob", time_us=3)
        assert not tags.remove(conn, repo_id, "v1", author="bob", time_us=4)
        assert tags.find(conn, repo_id, "v1") is None
    with database.read() as conn:
        moves = [move for _, move in ref_log.list_moves(conn, repo_id)]
    assert [(move.kind, move.old, move.new) for move in moves] == [
        ("tag", one, None),
        ("tag", None, one),
    ]


def test_the_ref_log_is_paged_from_the_latest(database: Database) -> None:
    repo_id = make_repo(database)
    with database.write() as conn:
        for number in range(5):
            branches.create(conn, repo_id, f"b{number}", None, author="", reason="", time_us=number)
    with database.read() as conn:
        first = ref_log.list_moves(conn, repo_id, limit=2)
        rest = ref_log.list_moves(conn, repo_id, before=first[-1][0])
    assert [move.name for _, move in first + rest] == ["b4", "b3", "b2", "b1", "b0"]


# commits


def test_a_commit_comes_back_as_it_was(database: Database) -> None:
    repo_id = make_repo(database)
    parents = tuple(make_line(database, repo_id, 3)[::-1])
    commit = make_commit(7, parents=parents, upstream=("e" * 64, "a" * 64))
    land(database, repo_id, commit)
    with database.write() as conn:
        assert not commits.create(conn, repo_id, commit)
    with database.read() as conn:
        found = commits.find(conn, commit.id)
        assert found == commit
        assert found.id == commit.id
        assert commits.find(conn, "f" * 64) is None
        empty = commits.find(conn, parents[-1])
        assert empty is not None
        assert empty.tree.location is None


def test_many_commits_at_once_keep_the_asked_order(database: Database) -> None:
    repo_id = make_repo(database)
    line = make_line(database, repo_id, 4)
    wanted = [line[2], "f" * 64, line[0]]
    with database.read() as conn:
        assert list(map(len, [commits.get_many(conn, wanted), commits.get_many(conn, [])])) == [
            2,
            0,
        ]
        infos = commits.infos(conn, wanted)
    assert [info.id for info in infos] == [line[2], line[0]]
    assert infos[0].parents == (line[1],)
    assert infos[0].tree == digest_of(b"2").hex()


def test_prefixes_give_the_candidates(database: Database) -> None:
    repo_id, other_id = make_repo(database), make_repo(database, "other")
    ids = sorted(make_line(database, repo_id, 40))
    land(database, other_id, make_commit(1, repo="other"))
    with database.read() as conn:
        for prefix in {commit_id[:1] for commit_id in ids}:
            expected = [commit_id for commit_id in ids if commit_id.startswith(prefix)]
            assert commits.by_prefix(conn, prefix, repo_id=repo_id, limit=100) == expected
        assert commits.by_prefix(conn, ids[0]) == [ids[0]]
        assert commits.by_prefix(conn, "", repo_id=repo_id, limit=2) == ids[:2]
        assert len(commits.by_prefix(conn, "", limit=100)) == 41


def test_history_follows_first_parents(database: Database) -> None:
    repo_id = make_repo(database)
    line = make_line(database, repo_id, 5)
    side = land(database, repo_id, make_commit(10, parents=(line[0],)))
    merge = land(database, repo_id, make_commit(11, parents=(line[4], side)))
    with database.read() as conn:
        assert [info.id for info in commits.log(conn, merge)] == [merge, *line[::-1]]
        assert [info.id for info in commits.log(conn, merge, limit=2)] == [merge, line[4]]
        assert commits.log(conn, "f" * 64) == []
        assert commits.nth_ancestor(conn, merge, 0) == merge
        assert commits.nth_ancestor(conn, merge, 5) == line[0]
        assert commits.nth_ancestor(conn, merge, 6) is None
        assert commits.nth_ancestor(conn, "f" * 64, 0) is None


# provenance


def test_provenance_is_followed_both_ways_at_any_depth(database: Database) -> None:
    """raw -> clean -> model, and raw -> model directly; a second model from clean."""
    repo_id = make_repo(database)
    raw = land(database, repo_id, make_commit(1))
    clean = land(database, repo_id, make_commit(2, upstream=(raw,)))
    model = land(database, repo_id, make_commit(3, upstream=(clean, raw)))
    second = land(database, repo_id, make_commit(4, upstream=(clean,)))
    with database.read() as conn:
        up = provenance.upstream(conn, model)
        down = provenance.downstream(conn, raw)
        assert provenance.upstream(conn, raw) == []
        assert provenance.downstream(conn, second) == []
        assert len(provenance.downstream(conn, raw, limit=2)) == 2
    assert {(edge.upstream, edge.downstream, edge.distance) for edge in up} == {
        (clean, model, 1),
        (raw, model, 1),
        (raw, clean, 2),
    }
    assert {(edge.upstream, edge.downstream, edge.distance) for edge in down} == {
        (raw, clean, 1),
        (raw, model, 1),
        (clean, model, 2),
        (clean, second, 2),
    }
    assert [edge.distance for edge in up] == [1, 1, 2]


def test_wide_and_deep_provenance_is_not_walked_path_by_path(database: Database) -> None:
    """20 layers of two commits, each made from both before it: 2**20 paths, 80 edges."""
    repo_id = make_repo(database)
    layer: tuple[str, ...] = ()
    for depth in range(20):
        layer = tuple(
            land(database, repo_id, make_commit(depth * 2 + side, upstream=layer))
            for side in (0, 1)
        )
    with database.read() as conn:
        edges = provenance.upstream(conn, layer[0])
    assert len(edges) == 2 + 18 * 4
    assert edges[-1].distance == 19


# staging


def test_staging_keeps_order_and_content(database: Database) -> None:
    repo_id = make_repo(database)
    with database.write() as conn:
        branches.create(conn, repo_id, "main", None, author="a", reason="r", time_us=1)
        branches.create(conn, repo_id, "side", None, author="a", reason="r", time_us=1)
        added = [
            staging.add(conn, repo_id, "main", make_record(n), author="ann", time_us=n)
            for n in range(3)
        ]
        staging.add(conn, repo_id, "side", make_record(9), author="ann", time_us=9)
    assert added[0] == StagedChange(added[0].id, "ann", 0, 3, 1, 2**40)
    with database.read() as conn:
        rows = staging.list_staged(conn, repo_id, "main")
        assert [row.change for row in rows] == added
        assert [row.record for row in rows] == [make_record(n) for n in range(3)]
        assert staging.count(conn, repo_id, "main") == 3
        page = staging.list_staged(conn, repo_id, "main", after=added[0].id, limit=1)
        assert [row.change for row in page] == added[1:2]
    with database.write() as conn:
        ids = [change.id for change in added[:2]]
        assert staging.remove(conn, ids) == 2
        assert staging.remove(conn, ids) == 0
        assert staging.remove(conn, []) == 0
    with database.read() as conn:
        assert staging.count(conn, repo_id, "main") == 1
        assert staging.count(conn, repo_id, "side") == 1


def test_staging_needs_its_branch(database: Database) -> None:
    repo_id = make_repo(database)
    with pytest.raises(NotFound, match="'main'"), database.write() as conn:
        staging.add(conn, repo_id, "main", make_record(), author="a", time_us=1)


def test_a_number_that_no_database_holds_is_invalid_input(database: Database) -> None:
    with pytest.raises(InvalidInput, match="cannot hold"), database.read() as conn:
        conn.execute(select(Repo).where(Repo.c.id == 2**70)).all()
