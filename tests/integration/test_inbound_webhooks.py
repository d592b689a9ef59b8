"""Webhooks that come in: what starts runs, how often, and what never does."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import datavc
from datavc.access.accounts import create_account, set_disabled
from datavc.access.audit import read_log
from datavc.access.caller import Caller
from datavc.access.roles import grant_role, revoke_role
from datavc.access.tokens import create_token
from datavc.client.client import Client
from datavc.errors import InvalidInput, NotFound
from datavc.model.account import Holder
from datavc.model.audit import AuditFilter, Outcome
from datavc.model.inbound_webhook import MadeInboundWebhook, sign_message
from datavc.model.role import parse_grant
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server import hook_limits
from datavc_server.routers import hooks
from datavc_server.settings import ServerSettings
from tests.services.http_server import serving
from tests.services.job_maker import make_jobs
from tests.services.postgres import PostgresServer

TOKEN = "a-token-that-is-long-enough"
BODY = json.dumps({"head_commit": {"id": "r42"}}).encode()


def spec(name: str, repo: str = "data") -> dict[str, object]:
    return {
        "pipeline": {"name": name},
        "input": {"pfs": {"repo": repo, "glob": "/"}},
        "transform": {"cmd": ["sh", "-c", "true"], "env": {"REVISION": "none"}},
    }


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def vs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VersionedStore]:
    with contextlib.ExitStack() as stack:
        database = None
        if request.param == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            database = stack.enter_context(server.database())
        home = tmp_path_factory.mktemp("home")
        yield stack.enter_context(open_versioned_store(home, database_url=database))


@pytest.fixture(scope="module")
def url(vs: VersionedStore) -> Iterator[str]:
    with serving(vs, ServerSettings(token=TOKEN)) as found:
        yield found


@pytest.fixture(scope="module")
def client(
    vs: VersionedStore, url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    with datavc.connect(url, token=TOKEN) as connected:
        connected.create_repo("data")
        connected.create_pipeline(spec("copies"))
        connected.create_pipeline(spec("others"))
        source = tmp_path_factory.mktemp("source") / "file"
        source.write_text("1")
        connected.put([source], "data:/file", message="first")
        make_jobs(vs)
        yield connected


@pytest.fixture
def hook(client: Client) -> MadeInboundWebhook:
    return client.create_inbound_webhook("copies")


def post(made: MadeInboundWebhook, body: bytes = BODY, **other: str) -> httpx.Response:
    """Send a message that is signed by the standard, but for *other* headers."""
    name, stamp = other.pop("name", f"m{time.time_ns()}"), int(other.pop("stamp", time.time()))
    secret = other.pop("secret", made.secret)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign_message(secret, name, stamp, body),
    }
    return httpx.post(made.url, content=body, headers=headers | other, trust_env=False)


def post_hub(made: MadeInboundWebhook, body: bytes, event: str = "push") -> httpx.Response:
    signed = hmac.new(made.secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signed}", "X-GitHub-Event": event}
    return httpx.post(made.url, content=body, headers=headers, trust_env=False)


def test_a_message_starts_one_run_however_often_it_comes(
    client: Client, hook: MadeInboundWebhook
) -> None:
    before = len(client.list_jobs("copies"))
    first = post(hook, name="one")
    assert first.status_code == 201
    assert not first.json()["repeated"]
    (job,) = first.json()["jobs"]
    assert client.get_job(job).run_id == first.json()["run_id"]
    again = post(hook, name="one", stamp=str(int(time.time()) - 5))
    assert (again.status_code, again.json()) == (200, first.json() | {"repeated": True})
    other = post(hook, b"{}", name="one")
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: post(hook, name="two"), range(4)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["run_id"] for answer in answers}) == 1
    assert len(client.list_jobs("copies")) == before + 2
    (found,) = [one for one in client.list_inbound_webhooks() if one.id == hook.webhook.id]
    assert found.last_us is not None


def test_what_is_not_signed_is_told_alike(client: Client, hook: MadeInboundWebhook) -> None:
    disabled = client.create_inbound_webhook("copies")
    client.disable_inbound_webhook(disabled.webhook.id)
    deleted = client.create_inbound_webhook("copies")
    client.delete_inbound_webhook(deleted.webhook.id)
    before = len(client.list_jobs("copies"))
    old, early = (str(int(time.time()) + off) for off in (-301, 400))
    answers = [
        post(hook, secret=deleted.secret),
        post(hook, stamp=old),
        post(hook, stamp=early),
        post(hook, **{"webhook-id": "another"}),
        post(hook, **{"webhook-signature": ""}),
        post(disabled),
        post(deleted),
        httpx.post(hook.url, content=BODY, headers={"Authorization": f"Bearer {TOKEN}"}),
        httpx.post(hook.url + "0", content=BODY),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert all(answer.headers["WWW-Authenticate"] for answer in answers)
    assert len(client.list_jobs("copies")) == before
    client.enable_inbound_webhook(disabled.webhook.id[:20])
    assert post(disabled).status_code == 201


def test_by_github(client: Client, hook: MadeInboundWebhook) -> None:
    before = len(client.list_jobs("copies"))
    assert post_hub(hook, b"{}", event="ping").json()["run_id"] is None
    assert len(client.list_jobs("copies")) == before
    first = post_hub(hook, b'{"after": "1"}')
    assert first.status_code == 201
    again = post_hub(hook, b'{"after": "1"}')
    assert (again.status_code, again.json()["run_id"]) == (200, first.json()["run_id"])
    assert post_hub(hook, b'{"after": "2"}').status_code == 201
    assert len(client.list_jobs("copies")) == before + 2


def test_all_that_read_a_branch_run_and_the_branch_stays(client: Client) -> None:
    made = client.create_inbound_webhook(branch="data@main")
    head = client.resolve("data@main")
    answer = post(made)
    assert answer.status_code == 201
    started = [client.get_job(job) for job in answer.json()["jobs"]]
    assert {job.pipeline for job in started} == {"copies", "others"}
    assert {job.run_id for job in started} == {answer.json()["run_id"]}
    assert client.resolve("data@main") == head
    client.create_branch("data", "aside", start="main")
    nothing = post(client.create_inbound_webhook(branch="data@aside"))
    assert (nothing.status_code, nothing.json()["detail"]) == (409, "no pipeline reads data@aside")


def test_parameters_come_from_where_the_webhook_says(client: Client) -> None:
    made = client.create_inbound_webhook("copies", parameters={"REVISION": "/head_commit/id"})
    assert made.webhook.parameters == {"REVISION": "/head_commit/id"}
    (job,) = post(made).json()["jobs"]
    assert client.get_job(job).parameters == {"REVISION": "r42"}
    lacking = post(made, b'{"REVISION": "r43"}', name="again")
    assert (lacking.status_code, lacking.json()["code"]) == (400, "invalid_input")
    # It was not taken, so it may come again.
    assert post(made, name="again").status_code == 201


def test_the_secret_is_replaced(client: Client, vs: VersionedStore) -> None:
    made = client.create_inbound_webhook("copies")
    second = client.rotate_inbound_webhook(made.webhook.id, overlap=3600)
    assert second.url == made.url
    assert second.webhook.previous_until_us is not None
    assert post(made).status_code == 201
    assert post(second).status_code == 201
    third = client.rotate_inbound_webhook(made.webhook.id)
    assert [post(one).status_code for one in (made, second, third)] == [401, 401, 201]
    for secret in (made.secret, second.secret, third.secret):
        for file in vs.home.rglob("*"):
            if file.is_file():
                assert secret.encode() not in file.read_bytes()


def test_webhooks_that_cannot_be(client: Client, hook: MadeInboundWebhook, tmp_path: Path) -> None:
    for wrong in (
        {},
        {"pipeline": "copies", "branch": "data@main"},
        {"pipeline": "copies", "parameters": {"NOPE": "/a"}},
        {"pipeline": "copies", "parameters": {"REVISION": "a"}},
        {"branch": "data@main", "parameters": {"REVISION": "/a"}},
    ):
        with pytest.raises(InvalidInput):
            client.create_inbound_webhook(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        client.rotate_inbound_webhook(hook.webhook.id, overlap=9e9)
    for missing in ({"pipeline": "nope"}, {"branch": "nope@main"}, {"branch": "data@nope"}):
        with pytest.raises(NotFound):
            client.create_inbound_webhook(**missing)  # type: ignore[arg-type]
    for verb in (client.delete_inbound_webhook, client.disable_inbound_webhook):
        with pytest.raises(NotFound):
            verb("nothing")
    with datavc.connect(home=tmp_path / "home") as embedded:
        for refused in (
            embedded.list_inbound_webhooks,
            lambda: embedded.create_inbound_webhook("copies"),
            lambda: embedded.delete_inbound_webhook("abc"),
        ):
            with pytest.raises(InvalidInput, match="this datavc has none"):
                refused()


def test_too_large_and_too_often(
    client: Client, hook: MadeInboundWebhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(hook, b"x" * (hooks.MAX_BODY + 1)).status_code == 413
    monkeypatch.setattr(hooks, "SIGNED", 2)
    answers = [post(hook) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    # What others send without the secret takes nothing from those who have it.
    assert hook_limits.FROM_ADDRESS > 10
    other = client.create_inbound_webhook("copies")
    for _ in range(5):
        assert post(other, secret=hook.secret).status_code == 401
    assert post(other).status_code == 201


def test_it_is_in_the_audit_log(client: Client, vs: VersionedStore) -> None:
    made = client.create_inbound_webhook("copies")
    answers = [post(made), post(made, secret="whsec_AAAA")]
    entries = {entry.request_id: entry for entry in read_log(vs.db, AuditFilter(), 20)}
    done, refused = (entries[answer.headers["X-Request-Id"]] for answer in answers)
    assert (done.request, done.outcome) == ("POST /hooks/{hook}", Outcome.DONE)
    assert done.account == f"webhook {made.webhook.id[:12]}"
    assert done.repo == "copies"
    assert (refused.outcome, refused.status, refused.account) == (Outcome.REFUSED, 401, "")
    created = next(entry for entry in entries.values() if entry.request.endswith("-webhooks"))
    assert (created.request, created.repo) == ("POST /inbound-webhooks", "copies")


def test_runs_start_by_the_right_of_whoever_has_made_it(
    client: Client, vs: VersionedStore, url: str
) -> None:
    create_account(vs.db, "ada", author="test")
    root = Caller.unlimited("test")
    grant = parse_grant("maintainer:copies")
    grant_role(vs.db, root, Holder.ACCOUNT, "ada", grant)
    foreign = client.create_inbound_webhook("others")
    with datavc.connect(url, token=create_token(vs.db, "ada").token) as ada:
        made = ada.create_inbound_webhook("copies")
        assert "others" not in {one.pipeline for one in ada.list_inbound_webhooks()}
        with pytest.raises(NotFound):
            ada.create_inbound_webhook("others")
        for verb in (ada.delete_inbound_webhook, ada.rotate_inbound_webhook):
            with pytest.raises(NotFound):
                verb(foreign.webhook.id)
        assert post(made).status_code == 201
        revoke_role(vs.db, root, Holder.ACCOUNT, "ada", grant)
        refused = post(made)
        assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
        grant_role(vs.db, root, Holder.ACCOUNT, "ada", grant)
        assert post(made).status_code == 201
        set_disabled(vs.db, "ada", disabled=True)
        assert post(made).status_code == 403
