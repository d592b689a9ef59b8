"""A database that goes away in the middle: one clear error, and nothing acknowledged is lost."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datavc.db import branch_turns, packs, session, staging
from datavc.errors import DatabaseUnavailable
from datavc.model.ids import digest_of
from datavc.versioning.branches import get_branch
from datavc.versioning.commits import commit_staged
from datavc.versioning.repos import create_repo
from datavc.versioning.staging import list_staged, stage
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server.pack_check import register_pack
from tests.services.postgres import PostgresServer, running_postgres
from tests.services.small_store import commit_files, read_files, store_changes


def put(vs: VersionedStore, path: str) -> None:
    stage(vs, "data", "main", store_changes(vs, {path: path.encode()}), author="ann")


def test_a_locked_sqlite_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "BUSY_TIMEOUT_S", 0.2)
    with open_versioned_store(tmp_path) as vs:
        create_repo(vs, "data", author="ann")
        put(vs, "a")
        other = sqlite3.connect(tmp_path / "datavc.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable, match="locked"):
            put(vs, "b")
        with pytest.raises(DatabaseUnavailable):
            commit_staged(vs, "data", "main", message="m", author="ann")
        other.execute("ROLLBACK")
        other.close()
        commit_staged(vs, "data", "main", message="m", author="ann")
        assert read_files(vs) == {"a": b"a"}


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that this test may stop."""
    with running_postgres() as server:
        yield server


@pytest.mark.postgres
def test_a_postgresql_server_that_stops_and_comes_back(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    with own_server.database() as url, open_versioned_store(tmp_path, database_url=url) as vs:
        create_repo(vs, "data", author="ann")
        put(vs, "a")
        commit_files(vs, {"b": b"b"})
        head = get_branch(vs, "data", "main").head
        own_server.stop()
        with pytest.raises(DatabaseUnavailable):
            put(vs, "c")
        with pytest.raises(DatabaseUnavailable):
            commit_staged(vs, "data", "main", message="m", author="ann")
        own_server.start()
        assert get_branch(vs, "data", "main").head == head
        commit_staged(vs, "data", "main", message="m", author="ann")
        assert read_files(vs) == {"a": b"a", "b": b"b"}


@pytest.mark.postgres
def test_a_pack_that_a_server_took_outlives_a_crash_of_its_database(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    with own_server.database() as url:
        for number in range(3):
            content = str(number).encode()
            with open_versioned_store(tmp_path, database_url=url) as vs:
                with vs.objects.session() as written:
                    written.add_chunk(digest_of(content), content)
                    (pack,) = written.finish()
                register_pack(vs, pack.pack)
                own_server.stop()
            own_server.start()
            with open_versioned_store(tmp_path, database_url=url) as vs, vs.db.read() as conn:
                assert packs.find(conn, pack.pack) is not None


@pytest.mark.postgres
def test_connections_that_are_cut_in_the_middle_of_a_commit(
    postgres_url: str, tmp_path: Path
) -> None:
    with open_versioned_store(tmp_path, database_url=postgres_url) as vs:
        create_repo(vs, "data", author="ann")
        put(vs, "a")
        with pytest.raises(DatabaseUnavailable):
            drop_staging_and_lose_the_connection(vs, postgres_url)
        commit_staged(vs, "data", "main", message="m", author="ann")
        assert read_files(vs) == {"a": b"a"}


def drop_staging_and_lose_the_connection(vs: VersionedStore, url: str) -> None:
    import psycopg

    staged = [one.id for one in list_staged(vs, "data", "main")]
    with vs.db.write() as conn:
        assert staging.remove(conn, staged) == 1
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        staging.remove(conn, staged)


@pytest.mark.postgres
def test_a_connection_that_has_rested_is_asked_before_it_is_used(
    own_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_server.database() as url, open_versioned_store(tmp_path, database_url=url) as vs:
        create_repo(vs, "data", author="ann")
        own_server.stop()
        own_server.start()
        monkeypatch.setattr(session, "_RESTED_S", 0)
        assert get_branch(vs, "data", "main").head is None


@pytest.mark.postgres
def test_however_many_branches_are_committed_to_connections_are_few(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branch_turns, "_PATIENCE_S", 0.5)
    with open_versioned_store(tmp_path, database_url=postgres_url) as vs:
        together = threading.Barrier(40)

        def take(number: int) -> None:
            with vs.db.turns.take(f"data@{number}"):
                # Whoever gets no turn goes on without.
                together.wait(60)

        with ThreadPoolExecutor(40) as pool:
            taking = [pool.submit(take, number) for number in range(39)]
            with vs.db.turns.take("data@39"):
                while together.n_waiting < 39:
                    time.sleep(0.01)
                open_ones = count_connections(vs)
                together.wait(60)
                for one in taking:
                    one.result()
        assert open_ones <= 33


def count_connections(vs: VersionedStore) -> int:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with vs.db.read() as conn:
        return int(conn.exec_driver_sql(statement).scalar_one())
