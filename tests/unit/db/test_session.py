"""Opening databases, transactions, and what is told when something is wrong."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from datavc.db import repos, session
from datavc.db.session import Database
from datavc.errors import (
    AlreadyExists,
    Conflict,
    DatabaseUnavailable,
    DataCorrupt,
    InvalidInput,
    OutOfSpace,
    UnknownFormat,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "datavc.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{path}")
    yield database
    database.close()


def make_repo(database: Database, name: str) -> None:
    with database.write() as conn:
        repos.create(conn, name, description="", default_branch="main", time_us=1)


def names(database: Database) -> list[str]:
    with database.read() as conn:
        return [info.name for info in repos.list_infos(conn)]


def test_connections_are_set_up_for_durability(database: Database) -> None:
    with database.read() as conn:
        found = [
            conn.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert found == ["wal", 2, 1, 30_000]
    assert database.dialect_name == "sqlite"


def test_what_was_written_is_there_after_opening_again(database: Database, path: Path) -> None:
    make_repo(database, "data")
    database.close()
    again = Database.open(f"sqlite:///{path}")
    assert names(again) == ["data"]
    again.close()


def test_opening_an_up_to_date_database_does_not_import_alembic(
    database: Database, path: Path
) -> None:
    script = (
        "import sys; from datavc.db.session import Database; Database.open(sys.argv[1]);"
        "sys.exit(any(name in sys.modules for name in ('alembic', 'sqlalchemy.orm')))"
    )
    subprocess.run([sys.executable, "-c", script, f"sqlite:///{path}"], check=True)


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as conn:
            repos.create(conn, "data", description="", default_branch="main", time_us=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(database) == []
    make_repo(database, "data")


def test_a_reader_sees_one_state_throughout(database: Database) -> None:
    with database.read() as conn:
        before = repos.list_infos(conn)
        make_repo(database, "data")
        assert repos.list_infos(conn) == before
    assert names(database) == ["data"]


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.write() as conn:
        repos.create(conn, "data", description="", default_branch="main", time_us=1)
        assert names(database) == []


def test_a_database_locked_for_long_is_unavailable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "BUSY_TIMEOUT_S", 0.05)
    database = Database.open(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable, match="locked"):
        make_repo(database, "data")
    other.execute("ROLLBACK")
    other.close()
    make_repo(database, "data")
    database.close()


def test_a_thread_that_writes_for_long_makes_others_give_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "BUSY_TIMEOUT_S", 0.05)
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with database.write():
            begun.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(60)
    with pytest.raises(DatabaseUnavailable, match="locked"):
        make_repo(database, "data")
    done.set()
    holder.join()
    make_repo(database, "data")


def test_a_full_disk_is_out_of_space(database: Database) -> None:
    def write_too_much() -> None:
        with database.write() as conn:
            conn.exec_driver_sql("PRAGMA max_page_count=1")
            conn.exec_driver_sql("INSERT INTO packs VALUES (zeroblob(1000000), 1, 1, 1, NULL)")

    with pytest.raises(OutOfSpace, match="no space"):
        write_too_much()
    with database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM packs").scalar() == 0


def test_broken_constraints_are_conflicts(database: Database) -> None:
    make_repo(database, "data")
    with pytest.raises(AlreadyExists), database.write() as conn:
        conn.execute(text("INSERT INTO repos SELECT 99, name, '', '', 1 FROM repos"))
    with pytest.raises(Conflict), database.write() as conn:
        conn.execute(text("INSERT INTO branches VALUES (99, 'main', NULL, 1)"))


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"none/datavc\.db"):
        Database.open(f"sqlite:///{tmp_path / 'none' / 'datavc.db'}")


def test_a_file_that_is_no_database_is_corrupt(path: Path) -> None:
    path.write_bytes(b"what is this?" * 1000)
    with pytest.raises(DataCorrupt, match=r"datavc\.db"):
        Database.open(f"sqlite:///{path}")


def test_a_newer_database_asks_for_an_upgrade(database: Database, path: Path) -> None:
    with database.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnknownFormat, match="upgrade datavc"):
        Database.open(f"sqlite:///{path}")


def test_tables_are_not_made_unless_allowed(path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="no up-to-date tables"):
        Database.open(f"sqlite:///{path}", migrate=False)
    Database.open(f"sqlite:///{path}").close()
    Database.open(f"sqlite:///{path}", migrate=False).close()


@pytest.mark.parametrize(
    "url",
    ["", "no url", "sqlite://", "sqlite:///:memory:", "mysql://host/name", "nonsense://x"],
)
def test_addresses_that_cannot_be_used_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        Database.open(url)


def test_a_server_that_is_not_there_is_unavailable_and_its_password_not_told(
    tmp_path: Path,
) -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        Database.open(f"postgresql://me:secret@/name?host={tmp_path}")
    assert "secret" not in str(caught.value)
    assert "me:***@" in str(caught.value)


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseUnavailable, match=r"datavc\[postgres\]"):
        Database.open("postgresql://host/name")
