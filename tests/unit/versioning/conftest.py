"""A versioned store in a temporary home, and short ways to fill it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from datavc.versioning.repos import create_repo
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store


@pytest.fixture
def vs(tmp_path: Path) -> Iterator[VersionedStore]:
    with open_versioned_store(tmp_path / "home") as store:
        create_repo(store, "data", author="ann")
        yield store
