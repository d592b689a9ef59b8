"""The server does what its OpenAPI document says, whatever it is sent (Schemathesis).

Each operation is tried with what its schema allows, with what it does not, and with parameters
that name what is there. No answer is a failure of the server, none has a status or a form that the
document does not name, and nothing malformed is taken.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks

from datavc.engine.engine import Engine
from datavc.engine.settings import EngineSettings
from datavc.versioning.versioned_store import open_versioned_store
from datavc_server.app import describe_api
from datavc_server.settings import ServerSettings
from tests.services.http_server import serving
from tests.services.postgres import PostgresServer

#: Requests of each kind for each operation, beside those that follow from its schema's limits.
EXAMPLES = 5
SPEC = {
    "pipeline": {"name": "sizes"},
    "input": {"pfs": {"repo": "images", "glob": "/*"}},
    "transform": {"image": "x", "cmd": ["sh", "-c", "ls $DATAVC_PFS/images > $DATAVC_PFS/out/ls"]},
}

load_all_checks()
#: That a schema allows a request does not say that it makes sense, so 400 is a right answer.
_CHECKS = CHECKS.get_all()
CHOSEN = [check for check in _CHECKS if check.__name__ != "positive_data_acceptance"]
SCHEMA = schemathesis.openapi.from_dict(describe_api())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]


class World:
    """A server with something of each noun."""

    def __init__(self, url: str, engine: Engine) -> None:
        self.url = url
        self._engine = engine
        self._client = httpx.Client(base_url=f"{url}/api/v1", trust_env=False)

    def close(self) -> None:
        self._client.close()

    def make_whole(self) -> dict[str, Any]:
        """Make what is missing; what path parameters may name."""
        post = self._client.post
        if post("/repos", json={"name": "images"}).status_code == 201:
            post("/repos/images/branches", json={"name": "experiment"})
        for path in ("raw/cat.jpg", "labels.csv"):
            self._client.put(
                f"/repos/images/refs/main/files/{path}?message=x", content=path.encode()
            ).raise_for_status()
        self._client.put("/repos/images/refs/experiment/files/staged", content=b"1")
        post("/repos/images/tags", json={"name": "v1", "target": "main"})
        post("/pipelines", json=SPEC)
        post("/auth/accounts", json={"name": "ada"})
        post("/auth/groups", json={"name": "labellers"})
        key = post("/s3-keys", json={"account": "ada"}).raise_for_status().json()
        post("/secrets", json={"name": "warehouse", "values": {"password": "aHVudGVyMg=="}})
        head = self._client.get("/repos/images/refs/main").raise_for_status().json()
        self._engine.drive(head["run_id"])
        hook = {"url": "https://ci.example.com/hook"}
        webhook = post("/webhooks", json=hook).raise_for_status().json()["webhook"]
        inbound = {"pipeline": "sizes"}
        comes_in = post("/inbound-webhooks", json=inbound).raise_for_status().json()["webhook"]
        jobs = self._client.get("/jobs?limit=1").raise_for_status().json()["items"]
        packs = self._client.get("/packs?limit=1").raise_for_status().json()["items"]
        return {
            "repo": "images",
            "branch": "main",
            "ref": "main",
            "tag": "v1",
            "path": "raw/cat.jpg",
            "pipeline": "sizes",
            "job": jobs[0]["id"],
            "run": jobs[0]["run_id"],
            "pack": packs[0]["id"],
            "secret": "warehouse",
            "webhook": webhook["id"],
            "hook": comes_in["id"],
            "account": "ada",
            "group": "labellers",
            "key": key["id"],
            # With a token, the server would trust this machine no more.
            "token": "0" * 16,
            "datum": self._datum_of(jobs[0]["id"]),
        }

    def _datum_of(self, job: str) -> str:
        """A datum that the job has run; one that is none where it has run none."""
        datums = self._client.get(f"/jobs/{job}/datums").raise_for_status().json()["items"]
        return str(datums[0]["id"]) if datums else "0" * 64


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with served(tmp_path_factory.mktemp("home"), None) as made:
        yield made


@pytest.fixture(scope="module")
def shared_world(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[World]:
    """One over PostgreSQL, which takes fewer numbers and texts than SQLite does."""
    with (
        postgres_server.database() as url,
        served(tmp_path_factory.mktemp("home"), url) as made,
    ):
        yield made


@contextlib.contextmanager
def served(home: Path, database: str | None) -> Iterator[World]:
    # No answer waits for news: how long it may take is no part of what is tried here.
    stopping = threading.Event()
    stopping.set()
    options = EngineSettings(scratch=home / "scratch", executor="process", workers=1)
    with open_versioned_store(home, database_url=database) as vs:
        engine = Engine(vs, options)
        with serving(vs, ServerSettings(store=str(home / "store"), fetch=False), stopping) as url:
            made = World(url, engine)
            yield made
            made.close()
        engine.close()


def tried(examples: int) -> Any:
    """The same requests on every run, and no more of them when one fails."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


@SCHEMA.parametrize()
@tried(EXAMPLES)
def test_whatever_is_sent(world: World, case: schemathesis.Case) -> None:
    case.call_and_validate(base_url=world.url, checks=CHOSEN)


@pytest.mark.postgres
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_what_names_something_that_is_there(shared_world: World, operation: Any) -> None:
    there = shared_world.make_whole()
    path = {one.name: there[one.name] for one in operation.path_parameters}

    @tried(EXAMPLES)
    @given(operation.as_strategy(path_parameters=path))
    def attempt(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=shared_world.url, checks=CHOSEN)

    attempt()
