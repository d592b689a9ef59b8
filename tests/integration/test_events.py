"""Server-sent events: nothing is lost and nothing comes twice, wherever a client breaks off."""

from __future__ import annotations

import contextlib
import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

import datavc
from datavc.access.accounts import create_account
from datavc.access.caller import Caller
from datavc.access.roles import grant_role, revoke_role
from datavc.access.tokens import create_token, revoke_token
from datavc.engine.engine import Engine
from datavc.engine.settings import EngineSettings
from datavc.model.account import Holder
from datavc.model.role import parse_grant
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server import event_stream
from datavc_server.settings import ServerSettings
from tests.services.event_reader import Sent, events_of
from tests.services.http_server import serving
from tests.services.job_maker import make_jobs
from tests.services.server_process import ServerProcess

#: Each datum prints lines before and after it has waited for its gate.
SCRIPT = (
    "n=$(ls $DATAVC_PFS/data); for i in 1 2 3; do echo $n begins $i; done; printf half; "
    "until [ -e {gates}/$n ]; do sleep 0.02; done; echo; "
    "for i in 1 2 3; do echo $n ends $i; done"
)
TOKEN = "a-token-that-is-long-enough"


class World:
    """A server, an engine that works when it is told to, and requests."""

    def __init__(self, vs: VersionedStore, url: str, gates: Path) -> None:
        self.vs = vs
        self.url = url
        self.gates = gates
        self.client = httpx.Client(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
            timeout=60,
        )
        settings = EngineSettings(scratch=vs.home / "scratch", executor="process", workers=2)
        self.engine = Engine(vs, settings)

    def close(self) -> None:
        self.client.close()
        self.engine.close()

    def commit(self, *names: str) -> str:
        """Commit files of these names; gives the run."""
        for name in names:
            self.client.put(f"/repos/data/refs/main/files/{name}", content=b"1").raise_for_status()
        made = self.client.post("/repos/data/branches/main/commits", json={"message": "m"})
        make_jobs(self.vs)
        return str(made.raise_for_status().json()["run_id"])

    def open(self, *names: str) -> None:
        for name in names:
            (self.gates / name).touch()

    @contextlib.contextmanager
    def working(self, run: str) -> Iterator[None]:
        """The engine works on a run for as long as the block takes, and until it is over."""
        worker = threading.Thread(target=self.engine.drive, args=(run, 60))
        worker.start()
        try:
            yield
        finally:
            self.open("a", "b", "c")
            worker.join()

    def read(self, path: str, last: str | None = None, **query: object) -> list[Sent]:
        """All events until the stream ends."""
        with events_of(self.client, path, last, **query) as found:
            return list(found)

    def read_piecewise(self, path: str, count: int, **query: object) -> Iterator[Sent]:
        """The same over connections that break after *count* events each."""
        last: str | None = None
        while True:
            taken = 0
            with events_of(self.client, path, last, **query) as found:
                for event in found:
                    last = event.id
                    yield event
                    taken += 1
                    if taken == count or event.kind == "over":
                        break
            if taken == 0 or event.kind == "over":
                return

    def job(self) -> str:
        return str(self.client.get("/jobs?limit=1").raise_for_status().json()["items"][0]["id"])


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    database = None
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres_url")
    gates = tmp_path / "gates"
    gates.mkdir()
    with (
        open_versioned_store(tmp_path / "home", database_url=database) as vs,
        serving(vs, ServerSettings(token=TOKEN)) as url,
    ):
        made = World(vs, url, gates)
        made.client.post("/repos", json={"name": "data"}).raise_for_status()
        made.client.post("/pipelines", json=spec("slow", gates)).raise_for_status()
        yield made
        made.close()


def spec(name: str, gates: Path) -> dict[str, object]:
    return {
        "pipeline": {"name": name},
        "transform": {"cmd": ["sh", "-euc", SCRIPT.replace("{gates}", str(gates))]},
        "input": {"pfs": {"repo": "data", "glob": "/*"}},
    }


def test_a_job_is_told_until_it_is_over(world: World) -> None:
    run = world.commit("a")
    with events_of(world.client, f"/runs/{run}/events") as found:
        first = next(found)
        assert (first.kind, first.data["state"]) == ("job", "waiting")
        with world.working(run):
            while first.data["state"] != "running":
                first = next(found)
            with events_of(world.client, f"/jobs/{world.job()}/events") as of_job:
                assert next(of_job).data["state"] == "running"
                world.open("a")
                seen = list(of_job)
        assert seen[-1].data["state"] == "success"
        assert seen[-1].data == world.client.get(f"/jobs/{world.job()}").json()
        *changes, last = found
    assert changes[-1].data == seen[-1].data
    assert (last.kind, last.data) == ("over", {"over": True})
    # Whoever comes back is told that there is nothing left.
    assert world.read(f"/jobs/{world.job()}/events", seen[-1].id) == []
    assert world.read(f"/runs/{run}/events", last.id) == []
    assert [event.kind for event in world.read(f"/runs/{run}/events")] == ["job", "over"]
    assert world.client.get("/jobs/abcdef/events").status_code == 404
    wrong = world.client.get(f"/runs/{run}/events", headers={"Last-Event-ID": "nonsense"})
    assert wrong.status_code == 400


def test_lines_come_while_they_are_printed_and_each_once(world: World) -> None:
    names = ["a", "b", "c"]
    run = world.commit(*names)
    with world.working(run):
        piecewise = world.read_piecewise(f"/jobs/{world.job()}/logs/events", 2)
        seen: list[Sent] = []
        for event in piecewise:
            seen.append(event)
            texts = [one.data.get("text") for one in seen]
            # Two run at once; each goes on once its first lines have come.
            for name in names:
                if f"{name} begins 3" in texts:
                    world.open(name)
    kept = world.client.get(f"/jobs/{world.job()}/logs").raise_for_status().text.splitlines()
    assert seen[-1].kind == "over"
    told = [httpx.Response(200, text=line).json() for line in kept]
    order = ("datum", "time_us", "text")
    assert sorted(seen_line(one.data, order) for one in seen[:-1]) == sorted(
        seen_line(line, order) for line in told
    )
    for count in (1, 3):
        again = list(world.read_piecewise(f"/jobs/{world.job()}/logs/events", count))
        assert sorted(seen_line(one.data, order) for one in again[:-1]) == sorted(
            seen_line(line, order) for line in told
        )
        assert len({event.id for event in again}) == len(again)
    ends = world.read("/logs/events", job=world.job(), text=" ends 2")
    assert len(ends) == len(names) + 1
    tail = world.read("/logs/events", job=world.job(), tail=2)
    assert [event.kind for event in tail] == ["line", "line", "over"]


def seen_line(line: dict[str, object], order: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(line[name]) for name in order)


def test_a_pipelines_lines_go_on_from_job_to_job(world: World) -> None:
    world.open("a", "b", "c")
    run = world.commit("a")
    with world.working(run):
        pass
    reading = world.read_piecewise("/logs/events", 3, pipeline="slow")
    texts = [next(reading).data["text"]]
    for name in ("b", "c"):
        run = world.commit(name)
        with world.working(run):
            while f"{name} ends 3" not in texts:
                texts.append(next(reading).data["text"])
    reading.close()  # type: ignore[attr-defined]
    ends = [text for text in texts if "ends" in text]
    assert ends == [f"{name} ends {number}" for name in "abc" for number in (1, 2, 3)]


def test_all_jobs_from_wherever_one_has_left_off(world: World) -> None:
    world.client.post("/pipelines", json=spec("other", world.gates)).raise_for_status()
    world.open("a", "b")
    first = world.commit("a")
    with events_of(world.client, "/jobs/events") as found:
        begun = [next(found), next(found)]
    assert {event.data["pipeline"] for event in begun} == {"slow", "other"}
    # What happens while nobody listens is told to whoever comes back.
    with world.working(first):
        pass
    second = world.commit("b")
    states: dict[str, list[str]] = {}
    last = begun[-1].id
    while len(states) < 4:
        with events_of(world.client, "/jobs/events", last) as found:
            event = next(found)
        last = event.id
        states.setdefault(event.data["id"], []).append(event.data["state"])
    assert sorted(states.values()) == [["success"], ["success"], ["waiting"], ["waiting"]]
    with world.working(second), events_of(world.client, "/jobs/events", pipeline="slow") as found:
        event = next(found)
        assert (event.data["pipeline"], event.data["run_id"]) == ("slow", second)
    assert world.client.get("/jobs/events?pipeline=nothing").status_code == 404


def test_many_who_wait_leave_threads_to_others(world: World) -> None:
    """More than the server has threads for its work."""
    world.commit("a")
    with contextlib.ExitStack() as stack:
        opened = []
        for number in range(44):
            path = ("/jobs/events", f"/jobs/{world.job()}/logs/events")[number % 2]
            client = stack.enter_context(
                httpx.Client(base_url=world.client.base_url, headers=world.client.headers)
            )
            found = stack.enter_context(events_of(client, path))
            opened.append(found)
        assert world.client.get("/health").status_code == 200
        workers = [one for one in threading.enumerate() if "AnyIO worker" in one.name]
        assert len(workers) < 30
        world.client.post(f"/jobs/{world.job()}/stop").raise_for_status()
        for number, found in enumerate(opened):
            for event in found:
                if event.kind == "over" or '"state": "killed"' in json.dumps(event.data):
                    break
            else:
                pytest.fail(f"stream {number} has not told of the end")


def test_a_token_that_was_revoked_and_a_role_that_was_taken_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "RECHECK", 0.0)
    monkeypatch.setattr(event_stream, "_LONGEST_REST", 0.1)
    db = world.vs.db
    create_account(db, "ada", author="test")
    grant = parse_grant("reader:*")
    world.commit("a")

    def lose_token() -> None:
        revoke_token(db, token.info.id)

    def lose_role() -> None:
        revoke_role(db, Caller.unlimited("test"), Holder.ACCOUNT, "ada", grant)

    ways: list[tuple[Callable[[], None], int]] = [(lose_token, 401), (lose_role, 404)]
    for lose, status in ways:
        with contextlib.suppress(Exception):
            grant_role(db, Caller.unlimited("test"), Holder.ACCOUNT, "ada", grant)
        token = create_token(db, "ada")
        headers = {"Authorization": f"Bearer {token.token}"}
        path = f"/jobs/{world.job()}/events"
        with httpx.Client(base_url=world.client.base_url, headers=headers) as client:
            with events_of(client, path) as found:
                assert next(found).data["state"] == "waiting"
                lose()
                assert list(found) == []
            assert client.get(path).status_code in (status, 403)


def test_it_is_told_that_the_server_is_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "SIGN_OF_LIFE", 0.1)
    world.commit("a")
    with events_of(world.client, "/jobs/events") as found:
        assert next(found).kind == "job"
        assert [next(found).kind, next(found).kind] == [":", ":"]


def test_streams_end_when_the_server_stops_and_go_on_at_the_next(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "home")
    try:
        url = server.start("--no-engine")
        with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client:
            client.post("/repos", json={"name": "data"}).raise_for_status()
            client.put("/repos/data/refs/main/files/a?message=m", content=b"1").raise_for_status()
            client.post("/pipelines", json=spec("slow", tmp_path)).raise_for_status()
            with events_of(client, "/jobs/events") as found:
                first = next(found)
                stopping = threading.Thread(target=server.stop, args=(signal.SIGTERM,))
                stopping.start()
                # Not broken off, but ended.
                assert list(found) == []
            stopping.join()
            server.start("--no-engine")
            client.post("/pipelines/slow/run", json={}).raise_for_status()
            with events_of(client, "/jobs/events", first.id) as found:
                second = next(found)
        assert second.data["id"] != first.data["id"]
    finally:
        server.close()


def test_following_logs_goes_on_at_a_server_that_was_killed_and_started_again(
    tmp_path: Path,
) -> None:
    server = ServerProcess(tmp_path / "home")
    try:
        url = server.start("--no-engine")
        with (
            open_versioned_store(tmp_path / "home") as vs,
            contextlib.closing(World(vs, url, tmp_path)) as world,
            datavc.connect(url) as client,
        ):
            client.create_repo("data")
            client.create_pipeline(spec("slow", tmp_path))
            run = world.commit("a")
            with world.working(run):
                lines = client.job_logs(world.job(), follow=True)
                texts = []
                while "a begins 3" not in texts:
                    texts.append(next(lines).text)
                server.stop(signal.SIGKILL)
                server.start("--no-engine")
                world.open("a")
                texts += [line.text for line in lines]
            assert sorted(texts) == sorted(line.text for line in client.job_logs(world.job()))
            assert texts[-1].startswith("success: ")
    finally:
        server.close()
