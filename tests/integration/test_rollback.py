"""Going back to an older datavc: migrations undone and done again, with data in them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import MetaData

import datavc
from datavc.db.migrations.upgrade import alembic_config, prepare, roll_back
from datavc.db.schema_version import REVISIONS, Schema, current_revision, inspect_schema
from datavc.db.session import Database
from datavc.errors import InvalidInput, UnknownFormat
from tests.integration.test_migrations import created

pytestmark = pytest.mark.parametrize(
    "place", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
PREVIOUS = REVISIONS[-2]


@pytest.fixture(autouse=True)
def ready_tables() -> None:
    """Here tables are what is tested."""


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the database is; commands find it too."""
    monkeypatch.setenv("DATAVC_HOME", str(tmp_path / "home"))
    if request.param == "sqlite":
        (tmp_path / "home").mkdir()
        return f"sqlite:///{tmp_path / 'home' / 'datavc.db'}"
    url: str = request.getfixturevalue("postgres_url")
    monkeypatch.setenv("DATAVC_DATABASE", url)
    return url


def tables(database: Database) -> dict[str, dict[str, object]]:
    """All tables as they are now."""
    with database.read() as conn:
        found = MetaData()
        found.reflect(conn)
        return created(conn, found)


def test_each_migration_is_undone(place: str) -> None:
    with closing(Database.open_as_it_is(place)) as database:
        prepare(database._engine)
        on_the_way_up = []
        for revision in REVISIONS:
            with database.write() as conn:
                command.upgrade(alembic_config(conn), revision)
            on_the_way_up.append(tables(database))
        for revision, expected in list(zip(REVISIONS, on_the_way_up, strict=True))[-2::-1]:
            with database.write() as conn:
                roll_back(conn, revision)
            assert tables(database) == expected, revision


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "datavc.db.migrations", *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_data_outlives_a_rollback_and_the_next_upgrade(place: str) -> None:
    with datavc.connect(author="ada") as client:
        client.create_repo("data")
        client.put(b"one", "data:/a", message="first")
    done = run("--to", PREVIOUS)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"the database is at revision {PREVIOUS}; this datavc works on {REVISIONS[-1]}\n"
    )
    with closing(Database.open_as_it_is(place)) as database, database.read() as conn:
        assert inspect_schema(conn) is Schema.OLDER
    with datavc.connect(author="ada") as client:
        client.put(b"two", "data:/b", message="second")
        assert [commit.message for commit in client.log("data")] == ["second", "first"]
        assert (client.read("data:/a"), client.read("data:/b")) == (b"one", b"two")
        assert client.fsck(deep=True).is_sound
    assert run().stdout.startswith(f"the database is at revision {REVISIONS[-1]}; ")


def test_an_older_program_refuses_what_it_does_not_know(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database.open(place).close()
    for module in ("datavc.db.schema_version", "datavc.db.migrations.upgrade"):
        monkeypatch.setattr(f"{module}.REVISIONS", REVISIONS[:-1])
    with pytest.raises(UnknownFormat, match="was upgraded by a newer datavc"):
        Database.open(place)
    with closing(Database.open_as_it_is(place)) as database:
        with pytest.raises(UnknownFormat, match="of a newer datavc"), database.write() as conn:
            roll_back(conn, REVISIONS[0])
        with database.read() as conn:
            assert current_revision(conn) == REVISIONS[-1]


@pytest.mark.parametrize("revision", ["9999", REVISIONS[-1], "base", "-1"])
def test_what_is_no_earlier_revision_is_refused(place: str, revision: str) -> None:
    Database.open(place).close()
    with closing(Database.open_as_it_is(place)) as database:
        before = tables(database)
        with pytest.raises(InvalidInput, match="none before it"), database.write() as conn:
            roll_back(conn, revision)
        assert tables(database) == before
    refused = run(f"--to={revision}")
    assert refused.returncode == 1
    assert refused.stderr.startswith("datavc: the database is at revision")
    assert "Traceback" not in refused.stderr


def test_a_rollback_that_fails_leaves_all(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Database.open(place).close()
    with closing(Database.open_as_it_is(place)) as database:
        before = tables(database)
        monkeypatch.setattr("alembic.op.drop_column", _fail)
        with pytest.raises(ZeroDivisionError), database.write() as conn:
            roll_back(conn, REVISIONS[0])
        assert tables(database) == before
        with database.read() as conn:
            assert current_revision(conn) == REVISIONS[-1]


def _fail(*_arguments: object, **_options: object) -> None:
    raise ZeroDivisionError
