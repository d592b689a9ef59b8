"""Both databases, for what must be the same on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from datavc.db.session import Database
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a new database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'datavc.db'}"
    url: str = request.getfixturevalue("postgres_with_tables")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """That database, open."""
    with closing(Database.open(database_url)) as opened:
        yield opened


@pytest.fixture
def empty_store(database_url: str, tmp_path: Path) -> Iterator[VersionedStore]:
    """A store on that database, in the folder ``home``."""
    with open_versioned_store(tmp_path / "home", database_url=database_url) as store:
        yield store
