"""Servers over a datavc that the tests of one module share, and plain HTTP requests to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest

from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server.settings import ServerSettings
from tests.services.http_server import serving

Caller = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def vs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VersionedStore]:
    with open_versioned_store(tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture(scope="module")
def make_client(vs: VersionedStore) -> Iterator[Caller]:
    """Requests to a server with the given settings."""
    running: dict[str, httpx.Client] = {}
    with ExitStack() as stack:

        def make(**settings: Any) -> httpx.Client:
            name = repr(settings)
            if name not in running:
                url = stack.enter_context(serving(vs, ServerSettings(**settings)))
                client = httpx.Client(base_url=f"{url}/api/v1", trust_env=False)
                running[name] = stack.enter_context(client)
            return running[name]

        yield make


@pytest.fixture(scope="module")
def client(make_client: Caller) -> httpx.Client:
    return make_client()


@pytest.fixture
def repo(client: httpx.Client) -> str:
    """A new repo's name."""
    name = f"repo-{uuid4().hex}"
    assert client.post("/repos", json={"name": name}).status_code == 201
    return name
