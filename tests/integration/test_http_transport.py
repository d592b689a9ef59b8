"""The HTTP transport: what goes wrong on the way, and waiting for jobs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import datavc
from datavc.client.http import HttpTransport
from datavc.errors import (
    AccessDenied,
    AlreadyExists,
    Conflict,
    DatabaseUnavailable,
    DatavcError,
    InvalidInput,
    InvalidName,
    NotFound,
    NothingStaged,
    ServerUnavailable,
)
from datavc.model.merge_info import MergeInfo
from tests.services.http_server import running_server

TOKEN = "a-token-that-is-long-enough"


@pytest.fixture(autouse=True)
def no_pauses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datavc.client.http_session._FIRST_PAUSE", 0.001)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with running_server(tmp_path / "home", engine=True) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[datavc.Client]:
    with datavc.connect(url, author="J\u00f6rg <j@example>") as opened:
        yield opened


class Losing:
    """Loses the answers to the first requests of one kind: they arrive, and nobody hears of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str, end: str, times: int) -> None:
        self.arrived = 0
        send = httpx.HTTPTransport.handle_request

        def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            response = send(transport, request)
            if request.method == method and request.url.path.endswith(end):
                self.arrived += 1
                response.read()
                if self.arrived <= times:
                    raise httpx.ReadError("the connection broke")
            return response

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)


def test_errors_are_the_same_as_without_a_server(client: datavc.Client) -> None:
    client.create_repo("data")
    with pytest.raises(NotFound, match="'nothing' does not exist") as caught:
        client.get_repo("nothing")
    assert caught.value.hint
    with pytest.raises(AlreadyExists):
        client.create_repo("data")
    with pytest.raises(InvalidName):
        client.create_repo("a/b")
    with pytest.raises(NothingStaged):
        client.commit("data")
    with pytest.raises(NotFound):
        list(client.log("data@nothing"))
    with pytest.raises(InvalidInput):
        client.get_job("x/../y")


def test_names_that_look_like_more(client: datavc.Client) -> None:
    repo = client.create_repo("data", description="\u00e4 & ? #")
    assert client.get_repo("data") == repo
    client.put(b"x", "data:/50%2F?#&+ \u00e4.txt", message="100% &?#")
    branch = client.create_branch("data", "team/a.b/c", start="main")
    found = client.transport.get_branch("data", "team/a.b/c")
    assert (found.name, found.head) == ("team/a.b/c", branch.head)
    assert client.read("data@team/a.b/c:/50%2F?#&+ \u00e4.txt") == b"x"
    client.create_tag("data", "v/1", target="team/a.b/c~0")
    commit = client.resolve("data@v/1")
    assert (commit.author, commit.message) == ("J\u00f6rg <j@example>", "100% &?#")
    client.delete_tag("data", "v/1")
    client.delete_branch("data", "team/a.b/c")


def test_a_long_log_comes_in_pages(client: datavc.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datavc.client.http._LOG_PAGE", 2)
    client.create_repo("data")
    for number in range(5):
        client.put(f"{number}".encode(), "data:/a", message=f"{number}")
    assert [commit.message for commit in client.log("data")] == ["4", "3", "2", "1", "0"]
    assert [commit.message for commit in client.log("data", limit=3)] == ["4", "3", "2"]


@pytest.mark.parametrize("times", [1, 3])
def test_a_commit_whose_answer_was_lost_is_made_once(
    client: datavc.Client, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    client.create_repo("data")
    client.put(b"one", "data:/a")
    losing = Losing(monkeypatch, "POST", "/commits", times)
    commit = client.commit("data", "once")
    assert losing.arrived == times + 1
    assert [one.id for one in client.log("data")] == [commit.id]
    losing.arrived = 0
    direct = client.put(b"two", "data:/a", message="twice")
    assert losing.arrived == times + 1
    assert [one.id for one in client.log("data")] == [direct.commit, commit.id]


class Unable:
    """Answers the first requests of one kind as a server does whose database is away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str, end: str, times: int) -> None:
        self.arrived = 0
        send = httpx.HTTPTransport.handle_request
        problem = {"code": "database_unavailable", "detail": "the database is away"}

        def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            if request.method == method and request.url.path.endswith(end):
                self.arrived += 1
                if self.arrived <= times:
                    return httpx.Response(503, json=problem, headers={"Retry-After": "1"})
            return send(transport, request)

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)


def test_a_server_whose_database_comes_back_is_asked_again(
    client: datavc.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.create_repo("data")
    unable = Unable(monkeypatch, "POST", "/commits", 3)
    commit = client.put(b"one", "data:/a", message="once").commit
    assert unable.arrived == 4
    unable = Unable(monkeypatch, "GET", "/refs/main", 2)
    assert client.resolve("data@main").id == commit
    assert unable.arrived == 3


def test_what_is_not_safe_to_repeat_is_told_at_once(
    client: datavc.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    unable = Unable(monkeypatch, "POST", "/repos", 1)
    with pytest.raises(DatabaseUnavailable, match="the database is away"):
        client.create_repo("data")
    assert unable.arrived == 1
    unable = Unable(monkeypatch, "GET", "/repos", 100)
    with pytest.raises(DatabaseUnavailable, match="the database is away"):
        client.list_repos()
    assert unable.arrived > 3


def test_a_change_set_whose_answer_was_lost_is_staged_once(
    client: datavc.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.create_repo("data")
    losing = Losing(monkeypatch, "POST", "/staging", 2)
    done = client.put(b"one", "data:/a")
    assert losing.arrived == 3
    assert [one.id for one in client.status("data").staged] == [done.staged]


def bring(client: datavc.Client, what: str) -> MergeInfo:
    """Bring into main what side has, in one of the ways that there are."""
    if what == "fast-forward":
        return client.merge("data@side", "main")
    if what == "merge":
        return client.merge("data@side", "main", theirs=["both"])
    if what == "revert":
        return client.revert("data@main", "main")
    return client.cherry_pick("data@side", "data@main")


@pytest.mark.parametrize("what", ["fast-forward", "merge", "revert", "cherry-pick"])
def test_a_merge_whose_answer_was_lost_is_made_once(
    client: datavc.Client, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    client.create_repo("data")
    client.put(b"base", "data:/base", message="base")
    client.put(b"more", "data:/more", message="more")
    client.create_branch("data", "side", start="main")
    client.put(b"theirs", "data@side:/both", message="side")
    if what == "merge":
        client.put(b"ours", "data:/both", message="ours")
    before = len(client.ref_log("data", "main"))
    route = {"fast-forward": "/merges", "merge": "/merges"}.get(what, f"/{what}s")
    losing = Losing(monkeypatch, "POST", route, 2)
    done = bring(client, what)
    assert losing.arrived == 3
    assert done.outcome == ("fast_forward" if what == "fast-forward" else "merged")
    assert [one.decided for one in done.conflicts] == (["theirs"] if what == "merge" else [])
    assert done.commit is not None
    assert done.run_id is not None
    assert len(client.ref_log("data", "main")) == before + 1
    assert client.resolve("data").id == done.commit.id


def test_the_same_merge_twice_at_once_is_made_once(client: datavc.Client, url: str) -> None:
    client.create_repo("data")
    client.put(b"base", "data:/base", message="base")
    client.create_branch("data", "side", start="main")
    client.put(b"theirs", "data@side:/theirs", message="side")
    client.put(b"ours", "data:/ours", message="ours")
    route = f"{url}/api/v1/repos/data/branches/main/merges"
    headers = {"Idempotency-Key": "0" * 16}
    with ThreadPoolExecutor(4) as pool:
        answers = [
            pool.submit(httpx.post, route, json={"source": "side"}, headers=headers)
            for _ in range(4)
        ]
    assert {answer.result().json()["outcome"] for answer in answers} == {"merged"}
    assert len({answer.result().text for answer in answers}) == 1
    assert len(list(client.log("data"))) == 3
    other = httpx.post(route, json={"source": "main~1"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


def test_a_key_is_for_one_request(client: datavc.Client, url: str) -> None:
    client.create_repo("data")
    headers = {"Idempotency-Key": "0123456789abcdef"}
    route = f"{url}/api/v1/repos/data/branches/main/commits"
    sent = {"message": "a", "allow_empty": True}
    first = httpx.post(route, json=sent, headers=headers)
    assert first.status_code == 201
    assert httpx.post(route, json=sent, headers=headers).json() == first.json()
    other = httpx.post(route, json={**sent, "message": "b"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert len(list(client.log("data"))) == 1


def test_the_same_request_twice_at_once_is_carried_out_once(
    client: datavc.Client, url: str
) -> None:
    client.create_repo("data")
    client.put(b"x", "data:/a")
    route = f"{url}/api/v1/repos/data/branches/main/commits"
    for key in ("0" * 16, "1" * 16):
        sent = {"message": key, "allow_empty": True}
        with ThreadPoolExecutor(4) as pool:
            answers = [
                pool.submit(httpx.post, route, json=sent, headers={"Idempotency-Key": key})
                for _ in range(4)
            ]
        assert {answer.result().status_code for answer in answers} == {201}
        assert len({answer.result().json()["id"] for answer in answers}) == 1
    assert len(list(client.log("data"))) == 2


def test_reads_are_repeated(client: datavc.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.create_repo("data")
    losing = Losing(monkeypatch, "GET", "/repos", 4)
    assert len(client.list_repos()) == 1
    assert losing.arrived == 5


def test_what_may_have_been_done_is_not_repeated(
    client: datavc.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    losing = Losing(monkeypatch, "POST", "/repos", 1)
    with pytest.raises(ServerUnavailable, match="before it answered"):
        client.create_repo("data")
    assert losing.arrived == 1
    assert client.get_repo("data").name == "data"


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ServerUnavailable, match=f"127.0.0.1:{port} does not answer"):
        datavc.connect(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["http://", "http://user:secret@host", "http://host?x"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        HttpTransport(address)
    assert "secret" not in str(caught.value)


def test_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_server(tmp_path / "home", token=TOKEN) as url:
        with pytest.raises(AccessDenied, match="wants a token"):
            datavc.connect(url)
        with pytest.raises(AccessDenied, match="wrong"):
            datavc.connect(url, token="wrong")
        with datavc.connect(url, token=TOKEN) as client:
            assert client.list_repos() == []
        monkeypatch.setenv("DATAVC_TOKEN", TOKEN)
        with datavc.connect(url) as client:
            assert client.list_repos() == []


def pipeline(name: str, source: str, command: str) -> dict[str, object]:
    return {
        "pipeline": {"name": name},
        "transform": {"cmd": ["sh", "-c", command]},
        "input": {"pfs": {"repo": source, "glob": "/*"}},
    }


def test_pipelines_run_elsewhere(client: datavc.Client) -> None:
    assert not client.runs_inline
    client.create_repo("data")
    upper = (
        'for f in "$DATAVC_PFS"/data/*; do tr a-z A-Z <"$f" >"$DATAVC_PFS/out/$(basename $f)"; done'
    )
    client.create_pipeline(pipeline("upper", "data", upper + "; echo done"))
    client.create_pipeline(pipeline("copy", "upper", 'cp "$DATAVC_PFS"/upper/* "$DATAVC_PFS/out/"'))
    client.put(b"text", "data:/a", message="go")
    seen: list[str] = []
    jobs = client.wait("data", timeout=60, progress=lambda job: seen.append(job.state))
    assert [(job.pipeline, job.state) for job in jobs] == [
        ("upper", "success"),
        ("copy", "success"),
    ]
    assert seen.count("success") == 2
    assert client.read("copy:/a") == b"TEXT"
    assert [line.text for line in client.job_logs(jobs[0].id) if line.datum] == ["done"]
    assert len(client.list_datums(jobs[0].id[:12])) == 1
    assert {commit.repo for commit in client.lineage("copy").commits} >= {"data", "upper", "copy"}
    assert [job.id for job in client.list_jobs("copy")] == [jobs[1].id]
    client.create_pipeline(pipeline("copy", "upper", "exit 3"), update=True, reprocess=True)
    assert client.get_pipeline("copy").version == 2
    assert client.get_pipeline("copy", version=1).version == 1
    client.put(b"more", "data:/b", message="fails")
    assert client.wait("data", timeout=60)[-1].state == "failure"
    client.delete_pipeline("copy")
    assert [one.name for one in client.list_pipelines()] == ["upper"]


def test_waiting_ends(client: datavc.Client) -> None:
    client.create_repo("data")
    client.create_pipeline(pipeline("slow", "data", "sleep 20"))
    client.put(b"text", "data:/a", message="go")
    with pytest.raises(Conflict, match=r"is not over after 0\.3 s"):
        client.wait("data", timeout=0.3)


def test_the_servers_own_mistakes_say_where_to_look(
    client: datavc.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datavc.versioning import repos

    monkeypatch.setattr(repos, "list_repos", lambda _vs: 1 / 0)
    with pytest.raises(DatavcError, match="unexpected") as caught:
        client.list_repos()
    assert "incident" in caught.value.hint
