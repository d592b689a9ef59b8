"""Every route, asked for by every role.

In the table, ``+`` is let through, ``-`` is refused (403, and 401 where a token opens nothing:
what comes in there is to be signed), and ``?`` is told that there is no such
thing (404), just as if there was none. The roles are those of an account in the repo ``data``
alone, but for the last one, which is an admin of all repos. Whoever shows no token gets 401, but
where one is had.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from datavc.access.accounts import create_account
from datavc.access.audit import read_log
from datavc.access.caller import Caller
from datavc.access.roles import grant_role
from datavc.access.tokens import create_token
from datavc.engine.pipelines import create_pipeline
from datavc.model.account import Holder
from datavc.model.audit import AuditFilter, Outcome
from datavc.model.role import parse_grant
from datavc.versioning.branches import list_branches
from datavc.versioning.repos import create_repo, list_repos
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server.app import _ROUTERS, create_app
from datavc_server.route_rules import RULES
from datavc_server.settings import ServerSettings
from tests.services.http_server import serving

ROLES = ("none", "reader", "writer", "maintainer", "admin", "root")

TABLE = """
                                                          none reader writer maintainer admin root
GET    /health                                              +    +      +       +         +    +
GET    /health/live                                         +    +      +       +         +    +
GET    /health/ready                                        +    +      +       +         +    +
GET    /metrics                                             -    -      -       -         -    +
GET    /store                                               +    +      +       +         +    +
GET    /auth/whoami                                         +    +      +       +         +    +
GET    /auth/oidc                                           +    +      +       +         +    +
POST   /auth/oidc                                           +    +      +       +         +    +

GET    /repos                                               +    +      +       +         +    +
POST   /repos                                               -    -      -       +         +    +
GET    /repos/{repo}                                        ?    +      +       +         +    +
DELETE /repos/{repo}                                        ?    -      -       +         +    +
GET    /repos/{repo}/ref-log                                ?    +      +       +         +    +
GET    /repos/{repo}/branches                               ?    +      +       +         +    +
POST   /repos/{repo}/branches                               ?    -      +       +         +    +
GET    /repos/{repo}/branches/{branch}                      ?    +      +       +         +    +
PATCH  /repos/{repo}/branches/{branch}                      ?    -      +       +         +    +
DELETE /repos/{repo}/branches/{branch}                      ?    -      +       +         +    +
GET    /repos/{repo}/tags                                   ?    +      +       +         +    +
POST   /repos/{repo}/tags                                   ?    -      +       +         +    +
DELETE /repos/{repo}/tags/{tag}                             ?    -      -       +         +    +
POST   /repos/{repo}/names/{branch}/undo                    ?    -      +       +         +    +
GET    /repos/{repo}/protections                            ?    +      +       +         +    +
PUT    /repos/{repo}/protections                            ?    -      -       +         +    +
DELETE /repos/{repo}/protections                            ?    -      -       +         +    +
GET    /repos/{repo}/triggers                               ?    +      +       +         +    +
PUT    /repos/{repo}/triggers/{branch}                      ?    -      -       +         +    +
DELETE /repos/{repo}/triggers/{branch}                      ?    -      -       +         +    +
GET    /repos/{repo}/retention                              ?    +      +       +         +    +
PUT    /repos/{repo}/retention                              ?    -      -       +         +    +
DELETE /repos/{repo}/retention                              ?    -      -       +         +    +

GET    /repos/{repo}/branches/{branch}/staging              ?    +      +       +         +    +
GET    /repos/{repo}/branches/{branch}/staging/records      ?    +      +       +         +    +
POST   /repos/{repo}/branches/{branch}/staging              ?    -      +       +         +    +
DELETE /repos/{repo}/branches/{branch}/staging              ?    -      +       +         +    +
POST   /repos/{repo}/branches/{branch}/commits              ?    -      +       +         +    +
POST   /repos/{repo}/branches/{branch}/fetches              ?    -      +       +         +    +
POST   /repos/{repo}/branches/{branch}/merges               ?    -      +       +         +    +
POST   /repos/{repo}/branches/{branch}/reverts              ?    -      +       +         +    +
POST   /repos/{repo}/branches/{branch}/cherry-picks         ?    -      +       +         +    +
POST   /transactions                                        -    -      +       +         +    +

GET    /repos/{repo}/refs/{ref}                             ?    +      +       +         +    +
GET    /repos/{repo}/refs/{ref}/merge-base                  ?    +      +       +         +    +
GET    /repos/{repo}/refs/{ref}/tree                        ?    +      +       +         +    +
GET    /repos/{repo}/refs/{ref}/log                         ?    +      +       +         +    +
GET    /repos/{repo}/refs/{ref}/lineage                     ?    +      +       +         +    +
GET    /repos/{repo}/refs/{ref}/usage                       ?    +      +       +         +    +
GET    /repos/{repo}/refs/{ref}/files                       ?    +      +       +         +    +
GET    /repos/{repo}/refs/{ref}/stat/{path:path}            ?    +      +       +         +    +
GET    /repos/{repo}/refs/{ref}/files/{path:path}           ?    +      +       +         +    +
HEAD   /repos/{repo}/refs/{ref}/files/{path:path}           ?    +      +       +         +    +
PUT    /repos/{repo}/refs/{ref}/files/{path:path}           ?    -      +       +         +    +
GET    /repos/{repo}/refs/{ref}/reproductions               ?    +      +       +         +    +
POST   /repos/{repo}/refs/{ref}/reproductions               ?    -      -       +         +    +
GET    /repos/{repo}/diff                                   ?    +      +       +         +    +

GET    /pipelines                                           +    +      +       +         +    +
POST   /pipelines                                           -    -      -       +         +    +
GET    /pipelines/{pipeline}                                -    +      +       +         +    +
DELETE /pipelines/{pipeline}                                -    -      -       +         +    +
POST   /pipelines/{pipeline}/ticks                          -    -      +       +         +    +
POST   /pipelines/{pipeline}/stop                           -    -      -       +         +    +
POST   /pipelines/{pipeline}/start                          -    -      -       +         +    +
POST   /pipelines/{pipeline}/run                            -    -      +       +         +    +
GET    /pipelines/{pipeline}/versions                       -    +      +       +         +    +
GET    /pipelines/{pipeline}/diff                           -    +      +       +         +    +
GET    /pipeline-specs/schema                               +    +      +       +         +    +
POST   /pipeline-specs/validate                             -    -      -       +         +    +
POST   /pipeline-specs/datums                               -    +      +       +         +    +
GET    /logs                                                -    +      +       +         +    +
GET    /logs/events                                         -    +      +       +         +    +
POST   /jobs/restart-failed                                 -    -      +       +         +    +
POST   /jobs/{job}/stop                                     -    -      +       +         +    +
POST   /jobs/{job}/restart                                  -    -      +       +         +    +
GET    /jobs/{job}/datums/{datum}                           -    +      +       +         +    +
POST   /jobs/{job}/datums/{datum}/restart                   -    -      +       +         +    +
GET    /jobs                                                +    +      +       +         +    +
GET    /jobs/events                                         +    +      +       +         +    +
GET    /jobs/{job}                                          -    +      +       +         +    +
GET    /jobs/{job}/datums                                   -    +      +       +         +    +
GET    /jobs/{job}/events                                   -    +      +       +         +    +
GET    /jobs/{job}/logs                                     -    +      +       +         +    +
GET    /jobs/{job}/logs/events                              -    +      +       +         +    +
GET    /runs/{run}                                          +    +      +       +         +    +
GET    /runs/{run}/events                                   +    +      +       +         +    +
GET    /secrets                                             -    -      -       -         -    +
POST   /secrets                                             -    -      -       -         -    +
DELETE /secrets/{secret}                                    -    -      -       -         -    +
GET    /webhooks                                            -    -      -       -         -    +
POST   /webhooks                                            -    -      -       -         -    +
DELETE /webhooks/{webhook}                                  -    -      -       -         -    +
GET    /webhooks/{webhook}/deliveries                       -    -      -       -         -    +
GET    /inbound-webhooks                                    -    -      -       +         +    +
POST   /inbound-webhooks                                    -    -      -       +         +    +
PATCH  /inbound-webhooks/{hook}                             -    -      -       +         +    +
DELETE /inbound-webhooks/{hook}                             -    -      -       +         +    +
POST   /inbound-webhooks/{hook}/secret                      -    -      -       +         +    +
POST   /hooks/{hook}                                        -    -      -       -         -    -
GET    /s3-keys                                             +    +      +       +         +    +
POST   /s3-keys                                             -    -      -       -         -    +
DELETE /s3-keys/{key}                                       ?    ?      ?       ?         ?    +

POST   /gc                                                  -    -      -       -         -    +
POST   /fsck                                                -    -      -       -         -    +
GET    /purges                                              -    -      -       -         -    +
POST   /purges                                              -    -      -       -         -    +
GET    /usage                                               +    +      +       +         +    +
GET    /retention                                           +    +      +       +         +    +

POST   /records                                             -    +      +       +         +    +
POST   /chunks/lookup                                       -    -      +       +         +    +
GET    /packs                                               -    -      -       -         -    +
GET    /packs/{pack}                                        -    -      -       -         -    +
HEAD   /packs/{pack}                                        -    -      -       -         -    +
GET    /packs/{pack}/moves                                  -    -      -       -         -    +
GET    /packs/{pack}/url                                    -    -      -       -         -    +
PUT    /packs/{pack}                                        -    -      +       +         +    +
POST   /packs/{pack}                                        -    -      +       +         +    +
DELETE /packs/{pack}                                        -    -      +       +         +    +
POST   /packs/{pack}/upload                                 -    -      +       +         +    +
GET    /packs/{pack}/upload/parts                           -    -      +       +         +    +
POST   /packs/{pack}/upload/complete                        -    -      +       +         +    +
DELETE /packs/{pack}/upload                                 -    -      +       +         +    +

GET    /auth/accounts                                       -    -      -       -         -    +
POST   /auth/accounts                                       -    -      -       -         -    +
GET    /auth/accounts/{account}                             -    -      -       -         -    +
PATCH  /auth/accounts/{account}                             -    -      -       -         -    +
DELETE /auth/accounts/{account}                             -    -      -       -         -    +
GET    /auth/groups                                         -    -      -       -         -    +
POST   /auth/groups                                         -    -      -       -         -    +
DELETE /auth/groups/{group}                                 -    -      -       -         -    +
PUT    /auth/groups/{group}/members/{account}               -    -      -       -         -    +
DELETE /auth/groups/{group}/members/{account}               -    -      -       -         -    +
GET    /auth/roles                                          +    +      +       +         +    +
POST   /auth/roles                                          -    -      -       -         +    +
DELETE /auth/roles                                          -    -      -       -         +    +
GET    /auth/tokens                                         +    +      +       +         +    +
POST   /auth/tokens                                         +    +      +       +         +    +
DELETE /auth/tokens/{token}                                 ?    ?      ?       ?         ?    +
GET    /audit-log                                           -    -      -       -         -    +
"""

#: What the places in a path are filled with.
NAMES = {
    "{repo}": "data",
    "{branch}": "main",
    "{ref}": "main",
    "{tag}": "v1",
    "{path:path}": "file",
    "{pipeline}": "data",
    "{job}": "abcdef",
    "{datum}": "abcdef",
    "{run}": "0" * 32,
    "{secret}": "nothing",
    "{pack}": "0" * 32,
    "{account}": "nobody",
    "{group}": "nobody",
    "{token}": "0" * 16,
    "{webhook}": "nothing",
    "{hook}": "nothing",
    "{key}": "nothing",
}

#: Bodies of routes that look into them to know what is touched; all others get an empty one.
BODIES: dict[str, object] = {
    "POST /repos": {"name": "data"},
    "POST /repos/{repo}/branches": {"name": "other"},
    "POST /transactions": {"targets": [{"repo": "data", "branch": "main"}]},
    "POST /repos/{repo}/branches/{branch}/cherry-picks": {"repo": "data", "ref": "main"},
    "POST /pipelines": {
        "pipeline": {"name": "data"},
        "transform": {"cmd": ["true"]},
        "input": {"pfs": {"repo": "data", "glob": "/"}},
    },
    "POST /pipeline-specs/validate": {
        "specs": [
            {
                "pipeline": {"name": "data"},
                "transform": {"cmd": ["true"]},
                "input": {"pfs": {"repo": "data", "glob": "/"}},
            }
        ]
    },
    "POST /pipeline-specs/datums": {"input": {"pfs": {"repo": "data", "glob": "/"}}},
    "POST /inbound-webhooks": {"pipeline": "data"},
    "PATCH /inbound-webhooks/{hook}": {"disabled": True},
    "POST /s3-keys": {"account": "a-root"},
    "POST /auth/roles": {"holder": "nobody", "role": "reader", "place": "data"},
}
QUERIES = {
    "GET /logs": {"pipeline": "data"},
    "GET /logs/events": {"pipeline": "data"},
    "POST /jobs/restart-failed": {"pipeline": "data"},
    "DELETE /auth/roles": {"holder": "nobody", "role": "reader", "place": "data"},
    "DELETE /repos/{repo}/protections": {"pattern": "*"},
    "DELETE /repos/{repo}/retention": {"pattern": "*"},
}

#: Where one logs in, and what watches over a server asks.
OPEN = ("GET /auth/oidc", "POST /auth/oidc", "GET /health/live", "GET /health/ready")

CASES = {
    f"{words[0]} {words[1]}": dict(zip(ROLES, words[2:], strict=True))
    for words in (line.split() for line in TABLE.splitlines()[2:] if line)
}


def _of(repo: str, value: Any) -> Any:
    """The same of another repo than ``data``."""
    return json.loads(json.dumps(value).replace('"data"', json.dumps(repo)))


class Walk:
    """A server, and a token of an account with each role."""

    def __init__(self, vs: VersionedStore, url: str) -> None:
        self.vs = vs
        self.client = httpx.Client(base_url=f"{url}/api/v1", trust_env=False)
        self.tokens = {role: self._account(role) for role in ROLES}
        self.restore()

    def _account(self, role: str) -> str:
        db = self.vs.db
        create_account(db, f"a-{role}", author="test")
        if role != "none":
            grant = parse_grant("admin:*" if role == "root" else f"{role}:data")
            grant_role(db, Caller.unlimited("test"), Holder.ACCOUNT, f"a-{role}", grant)
        return create_token(db, f"a-{role}").token

    def ask(self, role: str, route: str, repo: str = "data") -> httpx.Response:
        """Make a request as the account with a role; ``nobody`` shows no token."""
        method, path = route.split()
        for place, name in NAMES.items():
            path = path.replace(place, repo if name == "data" else name)
        headers = {}
        if role != "nobody":
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        body = None if method in ("GET", "HEAD", "DELETE") else _of(repo, BODIES.get(route, {}))
        query = _of(repo, QUERIES.get(route))
        with self.client.stream(method, path, json=body, params=query, headers=headers) as answer:
            # Events come without an end.
            if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                answer.read()
        return answer

    def was_refused(self, answer: httpx.Response) -> bool:
        """Whether the audit log says that a request was refused."""
        asked = answer.headers["X-Request-Id"]
        refused = read_log(self.vs.db, AuditFilter(outcome=Outcome.REFUSED), 3)
        return any(entry.request_id == asked for entry in refused)

    def restore(self) -> None:
        """Make what a request may have deleted."""
        root = {"Authorization": f"Bearer {self.tokens['root']}"}
        self.client.post("/repos", json={"name": "data"}, headers=root)
        self.client.post("/repos/data/branches", json={"name": "main"}, headers=root)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    home: Path = tmp_path_factory.mktemp("roles")
    with (
        open_versioned_store(home) as vs,
        serving(vs, ServerSettings(tokens_only=True)) as url,
    ):
        walk = Walk(vs, url)
        yield walk
        walk.client.close()


def served() -> set[str]:
    """Every route that an application serves below ``/api/v1``."""
    found = set()
    for module_route in _routes():
        for method in module_route.methods or ():
            found.add(f"{method} {module_route.path.removeprefix('/api/v1')}")
    return found


def _routes() -> list[APIRoute]:
    routes = (route for module in _ROUTERS for route in module.router.routes)
    return [route for route in routes if isinstance(route, APIRoute)]


def test_every_route_is_in_the_table_and_has_a_rule() -> None:
    assert served() == set(CASES)
    rules = {f"{method} {path}" for method, path in RULES}
    assert rules == {route for route in CASES if not route.startswith("HEAD")}


def test_a_route_without_a_rule_is_for_nobody(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, ("GET", "/repos"))
    answer = walk.ask("root", "GET /repos")
    assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")


@pytest.mark.parametrize("route", CASES)
def test_a_route_with_every_role(walk: Walk, route: str) -> None:
    assert (walk.ask("nobody", route).status_code == 401) == (route not in OPEN)
    found = {}
    for role in ROLES:
        answer = walk.ask(role, route)
        if not walk.was_refused(answer):
            assert answer.status_code not in (401, 403), answer.text
            found[role] = "+"
        else:
            found[role] = {401: "-", 403: "-", 404: "?"}[answer.status_code]
        if found[role] == "?" and "{repo}" in route and not route.startswith("HEAD"):
            other = walk.ask(role, route, repo="nothing").text
            assert answer.text == other.replace("'nothing'", "'data'")
        if route.startswith("DELETE") and found[role] == "+":
            walk.restore()
    assert found == CASES[route]


def test_the_application_serves_nothing_else(walk: Walk) -> None:
    app = create_app(walk.vs, ServerSettings(tokens_only=True))
    paths = set(app.openapi()["paths"])
    assert paths == {
        "/api/v1" + route.split()[1].replace("{path:path}", "{path}") for route in CASES
    }


@pytest.fixture(scope="module")
def of_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """With a token of the pipeline ``made``, which reads ``data``; there is ``other``, too."""
    home: Path = tmp_path_factory.mktemp("pipeline")
    with (
        open_versioned_store(home) as vs,
        serving(vs, ServerSettings(tokens_only=True)) as url,
    ):
        walk = Walk(vs, url)
        create_repo(vs, "other", author="test")
        spec = {
            "pipeline": {"name": "made"},
            "transform": {"cmd": ["true"]},
            "input": {"pfs": {"repo": "data", "glob": "/"}},
        }
        create_pipeline(vs, spec, "test")
        walk.tokens["pipeline"] = create_token(vs.db, "pipeline:made").token
        yield walk
        walk.client.close()


#: What a pipeline may do in its input, its output and elsewhere is what these may.
SAME_AS = {"data": "reader", "made": "writer", "other": "none"}
#: It makes no tokens of its own; what is asked of all of the output is more than its branch.
NOT_FOR_PIPELINES = (
    "POST /auth/tokens",
    "POST /repos/{repo}/branches",
    "POST /repos/{repo}/tags",
    "POST /pipelines/{pipeline}/ticks",
    "POST /pipelines/{pipeline}/run",
    "POST /jobs/restart-failed",
)


@pytest.mark.parametrize("route", CASES)
def test_a_pipeline_reads_its_input_and_writes_its_output_alone(
    of_pipeline: Walk, route: str
) -> None:
    words = json.dumps([BODIES.get(route), QUERIES.get(route)])
    names_repo = "{repo}" in route or "{pipeline}" in route or '"data"' in words
    for repo, role in SAME_AS.items():
        answer = of_pipeline.ask("pipeline", route, repo)
        may = CASES[route][role if names_repo else "writer"] == "+"
        assert of_pipeline.was_refused(answer) != (may and route not in NOT_FOR_PIPELINES), repo
        assert answer.status_code < 500
    # Nothing of what it was let through has changed what the pipeline alone may change.
    assert {one.name for one in list_repos(of_pipeline.vs)} == set(SAME_AS)
    assert [one.name for one in list_branches(of_pipeline.vs, "made")] == ["main"]
