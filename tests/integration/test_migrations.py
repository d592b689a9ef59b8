"""The migrations make the tables that the code describes, on both databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Inspector, MetaData, inspect, text

from datavc.db import schema_version
from datavc.db.migrations.upgrade import alembic_config
from datavc.db.session import Database
from datavc.db.tables import METADATA
from datavc.errors import DatabaseUnavailable

OPENER = """
import sys
from datavc.db.session import Database
Database.open(sys.argv[1]).close()
"""


@pytest.fixture(autouse=True)
def ready_tables() -> None:
    """Here tables are what is tested."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'datavc.db'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


def describe(inspector: Inspector, table: str) -> dict[str, object]:
    """All that a database knows of a table, in one order."""
    columns = inspector.get_columns(table)
    return {
        "columns": [(c["name"], str(c["type"]), c["nullable"]) for c in columns],
        "key": inspector.get_pk_constraint(table)["constrained_columns"],
        "unique": sorted(
            (str(u["name"]), u["column_names"]) for u in inspector.get_unique_constraints(table)
        ),
        "indexes": sorted(
            (str(i["name"]), i["column_names"]) for i in inspector.get_indexes(table)
        ),
        "foreign": sorted(
            (f["constrained_columns"], f["referred_table"], f["referred_columns"], f["options"])
            for f in inspector.get_foreign_keys(table)
        ),
        "checks": sorted(str(c["name"]) for c in inspector.get_check_constraints(table)),
    }


def created(connection: Connection, metadata: MetaData) -> dict[str, dict[str, object]]:
    inspector = inspect(connection)
    return {table: describe(inspector, table) for table in metadata.tables}


def test_the_migrated_tables_are_the_described_ones(url: str) -> None:
    database = Database.open(url)
    with database.write() as conn:
        differences = compare_metadata(MigrationContext.configure(conn), METADATA)
        migrated = created(conn, METADATA)
        extra = set(inspect(conn).get_table_names()) - set(METADATA.tables)
        METADATA.drop_all(conn)
        METADATA.create_all(conn)
        described = created(conn, METADATA)
    database.close()
    assert differences == []
    assert migrated == described
    assert extra == {"alembic_version"}


def test_without_rowid_and_autoincrement_survive_the_migration(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'datavc.db'}")
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    with database.write() as conn:
        migrated = {row.name: row.sql for row in conn.execute(query)}
    database.close()

    def having(words: str) -> set[str]:
        return {name for name, sql in migrated.items() if words in sql}

    tables = METADATA.tables.values()
    assert having("WITHOUT ROWID") == {
        table.name for table in tables if not table.dialect_options["sqlite"]["with_rowid"]
    }
    assert having("AUTOINCREMENT") == {
        table.name for table in tables if table.dialect_options["sqlite"]["autoincrement"]
    }


def test_the_program_knows_every_revision(url: str) -> None:
    database = Database.open(url)
    with database.read() as conn:
        script = ScriptDirectory.from_config(alembic_config(conn))
        found = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    database.close()
    known = [revision.revision for revision in script.walk_revisions()][::-1]
    assert tuple(known) == schema_version.REVISIONS
    assert found == schema_version.REVISIONS[-1]


def test_several_processes_may_open_an_empty_database_at_once(url: str) -> None:
    command = [sys.executable, "-c", OPENER, url]
    opening = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[1] for process in opening] == [""] * 3
    database = Database.open(url, migrate=False)
    with database.read() as conn:
        assert set(METADATA.tables) <= set(inspect(conn).get_table_names())
    database.close()


def test_a_migration_that_fails_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alembic.op.create_index", _fail)
    with pytest.raises(ZeroDivisionError):
        Database.open(url)
    monkeypatch.undo()
    with pytest.raises(DatabaseUnavailable):
        Database.open(url, migrate=False)
    database = Database.open(url)
    with database.read() as conn:
        assert set(METADATA.tables) <= set(inspect(conn).get_table_names())
    database.close()


def _fail(*_arguments: object, **_options: object) -> None:
    raise ZeroDivisionError


@pytest.mark.postgres
def test_a_dropped_connection_is_unavailable_and_the_next_one_works(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    other = Database.open(postgres_url)

    def lose_the_connection() -> None:
        with database.write() as conn:
            process = conn.execute(text("SELECT pg_backend_pid()")).scalar()
            with other.write() as killer:
                killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": process})
            conn.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailable, match="went away"):
        lose_the_connection()
    with database.read() as conn:
        assert conn.execute(text("SELECT 1")).scalar() == 1
    database.close()
    other.close()
