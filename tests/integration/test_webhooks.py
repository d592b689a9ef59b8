"""Webhooks: what is told, to whom, how often, and to whom never."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import datavc
from datavc.client.client import Client
from datavc.db import webhooks as rows
from datavc.db.clock import now_us
from datavc.engine.engine import Engine
from datavc.engine.settings import EngineSettings
from datavc.errors import InvalidInput, NotFound
from datavc.model.webhook import DeliveryState, WebhookEvent, is_signed
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server.settings import ServerSettings
from datavc_server.webhook_sender import Retries, WebhookSender
from tests.services.http_server import serving
from tests.services.server_process import ServerProcess
from tests.services.webhook_receiver import Receiver, receiving

#: Short pauses, so that a test sees all tries.
QUICK = Retries(first_pause_s=0.01, longest_pause_s=0.02, attempts=4)
SPEC = {
    "pipeline": {"name": "copies"},
    "input": {"pfs": {"repo": "data", "glob": "/"}},
    "transform": {"image": "x", "cmd": ["sh", "-c", "cp $DATAVC_PFS/data/* $DATAVC_PFS/out"]},
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def vs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VersionedStore]:
    database = None
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres_with_tables")
    with open_versioned_store(tmp_path / "home", database_url=database) as opened:
        yield opened


@pytest.fixture
def client(vs: VersionedStore) -> Iterator[Client]:
    settings = ServerSettings(store=str(vs.home / "store"))
    with serving(vs, settings) as url, datavc.connect(url) as connected:
        connected.create_repo("data")
        yield connected


def commit(client: Client, tmp_path: Path, text: str, branch: str = "main") -> str:
    source = tmp_path / "file"
    source.write_text(text)
    made = client.put([source], f"data@{branch}:/file", message=text).commit
    assert made is not None
    return made


def send_all(sender: WebhookSender) -> None:
    """Until nothing is left to be sent, now or soon."""
    deadline = time.monotonic() + 30
    idle = 0
    while idle < 5:
        assert time.monotonic() < deadline
        idle = 0 if sender.send_due() else idle + 1
        time.sleep(0.01)


def test_a_commit_is_told_once_signed_and_again_until_it_is_taken(
    vs: VersionedStore, client: Client, receiver: Receiver, tmp_path: Path
) -> None:
    made = client.create_webhook(receiver.url, events=["commit"])
    receiver.answers = [500, 302]
    head = commit(client, tmp_path, "first")
    sender = WebhookSender(vs, (receiver.url,), QUICK)
    send_all(sender)
    sender.close()

    assert len(receiver.messages) == 3
    for headers, body in receiver.messages:
        stamp, signature = headers["datavc-timestamp"], headers["datavc-signature"]
        assert is_signed(made.secret, stamp, signature, body, now=time.time())
        assert not is_signed(made.secret, stamp, signature, body + b" ", now=time.time())
        assert not is_signed("x" * 64, stamp, signature, body, now=time.time())
        assert not is_signed(made.secret, stamp, signature, body, now=time.time() + 1000)
        message = json.loads(body)
        assert message["event"] == headers["datavc-event"] == "commit"
        assert str(message["delivery"]) == headers["datavc-delivery"]
        assert message["webhook"] == made.webhook.id
        assert message["data"]["commit"] == head
        assert (message["data"]["repo"], message["data"]["branch"]) == ("data", "main")
        assert message["data"]["message"] == "first"
    (delivery,) = client.list_deliveries(made.webhook.id[:8])
    assert delivery.state is DeliveryState.DELIVERED
    assert (delivery.attempts, delivery.status, delivery.error) == (3, 204, "")
    assert delivery.next_us is None
    assert delivery.finished_us is not None


def test_a_receiver_that_never_takes_it_is_given_up(
    vs: VersionedStore, client: Client, receiver: Receiver, tmp_path: Path
) -> None:
    made = client.create_webhook(receiver.url)
    receiver.answers = [503] * 100
    commit(client, tmp_path, "first")
    sender = WebhookSender(vs, (receiver.url,), QUICK)
    send_all(sender)
    sender.close()
    (delivery,) = client.list_deliveries(made.webhook.id)
    assert delivery.state is DeliveryState.FAILED
    assert (delivery.attempts, delivery.status) == (4, 503)
    assert delivery.error == "it answers with status 503"
    assert len(receiver.messages) == 4


def test_nobody_is_asked_at_a_private_address(
    vs: VersionedStore, client: Client, receiver: Receiver, tmp_path: Path
) -> None:
    made = client.create_webhook(receiver.url)
    commit(client, tmp_path, "first")
    sender = WebhookSender(vs, (), QUICK)
    send_all(sender)
    sender.close()
    assert receiver.messages == []
    (delivery,) = client.list_deliveries(made.webhook.id)
    assert delivery.state is DeliveryState.FAILED
    assert "no public address" in delivery.error
    assert "--allow-webhook" in delivery.error


def test_merges_and_jobs_and_only_of_what_is_asked_for(
    vs: VersionedStore, client: Client, receiver: Receiver, tmp_path: Path
) -> None:
    client.create_repo("other")
    merges = client.create_webhook(receiver.url, events=["merge"], repo="data").webhook.id
    jobs = client.create_webhook(receiver.url, events=["job"]).webhook.id
    nothing = client.create_webhook(receiver.url, repo="other").webhook.id
    commit(client, tmp_path, "first")
    for name, on_main in (("ahead", False), ("aside", True)):
        client.create_branch("data", name, start="main")
        source = tmp_path / name
        source.write_text(name)
        client.put([source], f"data@{name}:/{name}", message=name)
        if on_main:
            commit(client, tmp_path, "second")
        client.merge(f"data@{name}", "main")
    merged = client.resolve("data@main").message
    client.create_pipeline(SPEC)
    commit(client, tmp_path, "third")
    engine = Engine(vs, EngineSettings(scratch=vs.home / "scratch", executor="process"))
    engine.drive(client.resolve("data@main").run_id)
    engine.close()
    sender = WebhookSender(vs, (receiver.url,), QUICK)
    send_all(sender)
    sender.close()

    told = [json.loads(body) for _, body in receiver.messages]
    by_hook = {
        hook: [one["data"] for one in told if one["webhook"] == hook] for hook in (merges, jobs)
    }
    assert sorted(one["message"] for one in by_hook[merges]) == sorted(
        ["merge of ahead: fast-forward", merged]
    )
    ended = by_hook[jobs]
    assert {one["pipeline"] for one in ended} == {"copies"}
    over = {(job.id, job.state.value) for job in client.list_jobs("copies")}
    assert {(one["job"], one["state"]) for one in ended} == over
    assert "success" in {one["state"] for one in ended}
    assert client.list_deliveries(nothing) == []


def test_a_commit_that_does_not_land_is_not_told(
    vs: VersionedStore, client: Client, receiver: Receiver, tmp_path: Path
) -> None:
    made = client.create_webhook(receiver.url)
    commit(client, tmp_path, "first")
    with pytest.raises(datavc.errors.NothingStaged):
        client.commit("data", message="nothing")
    assert len(client.list_deliveries(made.webhook.id)) == 1


def test_what_a_killed_server_had_taken_is_sent_by_the_next(
    vs: VersionedStore,
    client: Client,
    receiver: Receiver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.create_webhook(receiver.url)
    commit(client, tmp_path, "first")
    with vs.db.write() as conn:
        assert len(rows.claim(conn, 3600, limit=10)) == 1
    with vs.db.write() as conn:
        assert rows.claim(conn, 3600, limit=10) == []
    an_hour_later = now_us() + 3601 * 1_000_000
    monkeypatch.setattr(rows, "now_us", lambda: an_hour_later)
    sender = WebhookSender(vs, (receiver.url,), QUICK)
    send_all(sender)
    sender.close()
    assert len(receiver.messages) == 1


def test_who_sent_too_late_changes_nothing(
    vs: VersionedStore, client: Client, receiver: Receiver, tmp_path: Path
) -> None:
    made = client.create_webhook(receiver.url)
    commit(client, tmp_path, "first")
    with vs.db.write() as conn:
        (stale,) = rows.claim(conn, 0, limit=10)
        (taken,) = rows.claim(conn, 60, limit=10)
        rows.note_attempt(conn, taken, DeliveryState.DELIVERED, status=200, error="", next_us=None)
        rows.note_attempt(conn, stale, DeliveryState.FAILED, status=500, error="x", next_us=None)
    (delivery,) = client.list_deliveries(made.webhook.id)
    assert (delivery.state, delivery.status) == (DeliveryState.DELIVERED, 200)


def test_webhooks_that_cannot_be(client: Client) -> None:
    for url in ("ftp://example.com/", "https://user:secret@example.com/", "nonsense"):
        with pytest.raises(InvalidInput):
            client.create_webhook(url)
    with pytest.raises(InvalidInput, match="no event"):
        client.create_webhook("https://example.com/", events=["commits"])
    with pytest.raises(InvalidInput, match="16 characters"):
        client.create_webhook("https://example.com/", secret="short")
    with pytest.raises(NotFound):
        client.create_webhook("https://example.com/", repo="nope")
    assert client.list_webhooks() == []
    for verb in (client.delete_webhook, client.list_deliveries):
        with pytest.raises(NotFound):
            verb("0123")


def test_a_webhook_that_is_deleted_gets_nothing_more(
    vs: VersionedStore, client: Client, receiver: Receiver, tmp_path: Path
) -> None:
    made = client.create_webhook(receiver.url, secret="chosen-by-the-user")
    assert made.secret == "chosen-by-the-user"
    (found,) = client.list_webhooks()
    assert found == made.webhook
    assert found.events == tuple(WebhookEvent)
    commit(client, tmp_path, "first")
    client.delete_webhook(made.webhook.id)
    sender = WebhookSender(vs, (receiver.url,), QUICK)
    assert sender.send_due() == 0
    sender.close()
    assert receiver.messages == []


def test_the_secret_is_nowhere_in_the_clear(client: Client, vs: VersionedStore) -> None:
    secret = client.create_webhook("https://example.com/").secret.encode()
    for file in vs.home.rglob("*"):
        if file.is_file():
            assert secret not in file.read_bytes()


def test_a_server_delivers_by_itself_also_what_was_there_before_it(
    tmp_path: Path, receiver: Receiver
) -> None:
    home = tmp_path / "home"
    with datavc.connect(home=home) as client:
        client.create_repo("data")
        client.create_webhook(receiver.url, events=["commit"])
        commit(client, tmp_path, "before")
    server = ServerProcess(home)
    try:
        url = server.start("--allow-webhook", receiver.url, "--no-engine")
        with datavc.connect(url) as client:
            commit(client, tmp_path, "after")
        deadline = time.monotonic() + 60
        while len(receiver.messages) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        code, errors = server.stop(signal.SIGTERM)
    finally:
        server.close()
    assert [json.loads(body)["data"]["message"] for _, body in receiver.messages] == [
        "before", "after",
    ]  # fmt: skip
    assert (code, errors) == (0, "")
