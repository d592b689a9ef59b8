"""Fixtures that give tests real services; without a service the test is skipped with the reason.

Set ``DATAVC_REQUIRE=1`` to make such a test fail instead.

Property tests know no deadlines, since a busy machine is no failure, and try the same examples on
every run, so that whatever fails has to do with what was changed. ``make model EXAMPLES=...`` tries
that many of the state machines, and others each time.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.services.docker_engine import require_engine, require_image
from tests.services.postgres import PostgresServer, running_postgres
from tests.services.ready_tables import copy_tables
from tests.services.s3 import S3Server, running_s3
from tests.services.small_disk import mounted_disk

settings.register_profile("datavc", deadline=None, derandomize="EXAMPLES" not in os.environ)
settings.load_profile("datavc")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one service run in one process, so that each server is started once."""
    for item in items:
        for service in ("s3", "postgres", "docker"):
            if item.get_closest_marker(service):
                item.add_marker(pytest.mark.xdist_group(service))
                break


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the settings or the data of the person who runs it."""
    for name in ("URL", "TOKEN", "STORE", "DATABASE", "AUTHOR", "EXECUTOR", "DEBUG"):
        monkeypatch.delenv(f"DATAVC_{name}", raising=False)
    monkeypatch.setenv("DATAVC_HOME", str(tmp_path / "datavc-home"))


@pytest.fixture(autouse=True)
def ready_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases are not migrated from nothing; tests of migrations put another one in its place."""
    monkeypatch.setattr("datavc.db.migrations.upgrade.upgrade", copy_tables)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server, shared by the tests of one process."""
    with running_s3() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL server, shared by the tests of one process."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of an empty PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def postgres_with_tables(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a PostgreSQL database that has datavc's tables, and nothing in them."""
    with postgres_server.database(with_tables=True) as url:
        yield url


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """A Docker engine that answers."""
    require_engine()


@pytest.fixture(scope="session")
def docker_image(docker_engine: None) -> str:
    """Name of a small image with a shell."""
    return require_image()


@pytest.fixture(scope="session")
def python_image(docker_engine: None) -> str:
    """An image with Python, made from this one, since a registry may be out of reach."""
    path = Path(__file__).parents[1] / "examples" / "quickstart" / "image.py"
    spec = importlib.util.spec_from_file_location("quickstart_image", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    name: str = module.build()
    return name


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 2 MiB."""
    with mounted_disk(tmp_path) as folder:
        yield folder
