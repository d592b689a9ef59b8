"""The routes as somebody with curl sees them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from datavc.engine import jobs
from datavc.model.file_info import FileInfo
from datavc.model.ids import digest_of
from datavc.model.job import JobInfo, JobState
from datavc_server import long_poll

BODY = b"0123456789"


def put(client: httpx.Client, repo: str, path: str, body: bytes = BODY, **query: str) -> Any:
    answer = client.put(f"/repos/{repo}/refs/main/files/{path}", content=body, params=query)
    assert answer.status_code == 201, answer.text
    return answer.json()


def items(client: httpx.Client, path: str, **query: Any) -> list[Any]:
    """All pages of a list."""
    found: list[Any] = []
    while True:
        answer = client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        if not page.get("next"):
            return found
        assert len(page["items"]) == query["limit"]
        query["cursor"] = page["next"]


def test_repos(client) -> None:
    author = {"Datavc-Author": "J%C3%B6rg"}
    made = client.post("/repos", json={"name": "r1", "description": "d"}, headers=author)
    assert made.status_code == 201
    assert made.json()["default_branch"] == "main"
    assert client.get("/repos/r1").json() == made.json()
    assert made.json() in items(client, "/repos")
    assert items(client, "/repos/r1/ref-log")[0]["author"] == "J\u00f6rg"
    assert client.delete("/repos/r1").status_code == 204
    assert client.get("/repos/r1").status_code == 404
    assert client.delete("/repos/r1").json()["code"] == "not_found"


def test_branches_and_tags(client, repo) -> None:
    put(client, repo, "a", message="one")
    put(client, repo, "a", b"2", message="two")
    base = f"/repos/{repo}"
    made = client.post(f"{base}/branches", json={"name": "team/x", "start": "main~1"})
    assert made.status_code == 201
    # Only the move itself tells which run it has started.
    assert made.json()["run_id"]
    found = client.get(f"{base}/branches/team%2Fx").json()
    assert found == made.json() | {"run_id": None}
    assert [one["name"] for one in items(client, f"{base}/branches")] == ["main", "team/x"]
    wrong = {"target": "main", "expected": "main"}
    lost = client.patch(f"{base}/branches/team%2Fx", json=wrong)
    assert (lost.status_code, lost.json()["code"]) == (409, "lost_race")
    moved = client.patch(f"{base}/branches/team%2Fx", json={"target": "main"})
    assert moved.json()["head"] == client.get(f"{base}/branches/main").json()["head"]
    tag = client.post(f"{base}/tags", json={"name": "v1", "target": "team/x"})
    assert tag.status_code == 201
    assert items(client, f"{base}/tags") == [tag.json()]
    assert client.get(f"{base}/refs/v1").json()["message"] == "two"
    assert client.delete(f"{base}/tags/v1").status_code == 204
    assert client.delete(f"{base}/branches/team%2Fx").status_code == 204
    assert client.get(f"{base}/branches/team%2Fx").status_code == 404


def test_a_file_goes_in_and_comes_out(client, repo) -> None:
    done = put(client, repo, "deep/a b.txt", message="m")
    assert (done["files"], done["bytes"]) == (1, 10)
    path = f"/repos/{repo}/refs/main/files/deep/a%20b.txt"
    answer = client.get(path)
    assert (answer.status_code, answer.content) == (200, BODY)
    etag = answer.headers["ETag"]
    assert etag == f'"{digest_of(BODY).hex()}"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == "attachment"
    for match in (etag, "*", f'"x", W/{etag}'):
        unchanged = client.get(path, headers={"If-None-Match": match})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert client.get(path, headers={"If-None-Match": '"x"'}).content == BODY
    part = client.get(path, headers={"Range": "bytes=3-5"})
    assert (part.status_code, part.content) == (206, b"345")
    assert part.headers["Content-Range"] == "bytes 3-5/10"
    stale = client.get(path, headers={"Range": "bytes=3-5", "If-Range": '"x"'})
    assert (stale.status_code, stale.content) == (200, BODY)
    fresh = client.get(path, headers={"Range": "bytes=-2", "If-Range": etag})
    assert (fresh.status_code, fresh.content) == (206, b"89")
    assert client.get(path, headers={"Range": "bytes=10-"}).status_code == 416
    head = client.head(path)
    assert (head.content, head.headers["Content-Length"]) == (b"", "10")


def test_an_empty_file(client, repo) -> None:
    put(client, repo, "empty", b"", message="m")
    assert client.get(f"/repos/{repo}/refs/main/files/empty").content == b""


def test_a_large_file_is_streamed_both_ways(client, repo) -> None:
    piece = digest_of(b"x") * 32_000

    def pieces() -> Iterator[bytes]:
        for number in range(8):
            yield bytes([number]) + piece

    whole = b"".join(pieces())
    path = f"/repos/{repo}/refs/main/files/large"
    answer = client.put(path, content=pieces(), params={"message": "m"})
    assert answer.json()["bytes"] == len(whole)
    assert client.get(path).content == whole
    part = client.get(path, headers={"Range": "bytes=4000000-4100000"})
    assert part.content == whole[4_000_000:4_100_001]


def test_a_file_without_a_message_is_staged(client, repo) -> None:
    done = put(client, repo, "a")
    assert done["commit"] is None
    base = f"/repos/{repo}/branches/main"
    assert [one["id"] for one in items(client, f"{base}/staging")] == [done["staged"]]
    assert len(items(client, f"{base}/staging/records")) == 1
    commit = client.post(f"{base}/commits", json={"message": "all"})
    assert commit.status_code == 201
    assert client.get(f"/repos/{repo}/refs/main").json() == commit.json()
    again = client.post(f"{base}/commits", json={"message": "more"})
    assert (again.status_code, again.json()["code"]) == (409, "nothing_staged")
    assert put(client, repo, "a", message="m")["commit"] is None


@pytest.mark.parametrize(
    "path", ["..%2Fa", "a%2F..%2F..%2Fb", "%2Fetc%2Fpasswd", "a%2F%2Fb", "x" * 300, "a%2F"]
)
def test_paths_that_lead_elsewhere(client, repo, path) -> None:
    url = f"/repos/{repo}/refs/main/files/x/{path}"
    answer = client.put(url, content=BODY, params={"message": "m"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_path")
    assert client.get(url).status_code in (400, 404)
    assert client.get(f"/repos/{repo}/branches/main").json()["head"] is None


@pytest.mark.parametrize("name", ["..", "a%2F..", "..%2F..%2Fetc", "%2e%2e%2fx", "a%20b", "-x"])
def test_names_that_lead_elsewhere(client, name) -> None:
    for url in (f"/repos/{name}", f"/repos/x/branches/{name}", f"/pipelines/{name}"):
        assert client.get(url).status_code in (400, 404)
    plain = {"name": name.replace("%2F", "/")}
    bodies = {"/repos": {}, "/repos/x/branches": {}, "/repos/x/tags": {"target": "main"}}
    for url, more in bodies.items():
        assert client.post(url, json=plain | more).status_code in (400, 404)


def test_folders(client, repo) -> None:
    for path in ("a/1", "a/2", "a/b/3", "c", "d"):
        put(client, repo, path)
    client.post(f"/repos/{repo}/branches/main/commits", json={"message": "m"})
    url = f"/repos/{repo}/refs/main"

    def paths(**query: Any) -> list[str]:
        return [one["path"] for one in items(client, f"{url}/files", **query)]

    for limit in (1, 2, 100):
        assert paths(limit=limit) == ["a/", "c", "d"]
        assert paths(limit=limit, folder="a") == ["a/1", "a/2", "a/b/"]
        assert paths(limit=limit, recursive=True) == ["a/1", "a/2", "a/b/3", "c", "d"]
    assert client.get(f"{url}/files", params={"folder": "c"}).status_code == 404
    assert client.get(f"{url}/files", params={"folder": "../x"}).status_code == 400
    assert client.get(f"{url}/files", params={"cursor": "%%"}).status_code == 400
    assert FileInfo(**client.get(f"{url}/stat/a/1").json()).size == 10
    assert FileInfo(**client.get(f"{url}/stat/a").json()).is_folder
    assert client.get(f"{url}/stat/nothing").status_code == 404
    assert client.get(f"{url}/files/a").json()["code"] == "invalid_path"
    assert client.get(f"{url}/files/nothing").json()["code"] == "not_found"


def test_history(client, repo) -> None:
    for number in range(4):
        put(client, repo, f"f{number}", message=str(number))
    base = f"/repos/{repo}"
    for limit in (1, 3, 4, 100):
        log = items(client, f"{base}/refs/main/log", limit=limit)
        assert [one["message"] for one in log] == ["3", "2", "1", "0"]
    for limit in (1, 100):
        query = {"old": "main~2", "new": "main", "limit": limit}
        changes = items(client, f"{base}/diff", **query)
        assert [(one["path"], one["kind"]) for one in changes] == [("f2", "added"), ("f3", "added")]
    assert items(client, f"{base}/diff", old="main~2", new="main", prefix="f3", limit=9) == [
        changes[1]
    ]
    tree = client.get(f"{base}/refs/main/tree").json()
    assert (tree["files"], tree["bytes"]) == (4, 40)
    lineage = client.get(f"{base}/refs/main/lineage", params={"direction": "downstream"}).json()
    assert [one["message"] for one in lineage["commits"]] == ["3"]
    assert client.get(f"{base}/refs/main/lineage", params={"direction": "up"}).status_code == 422
    assert client.get(f"{base}/refs/main~9").status_code == 404


def test_pipelines_and_jobs(client, repo) -> None:
    spec = {
        "pipeline": {"name": f"p-{repo}"},
        "transform": {"cmd": ["true"]},
        "input": {"pfs": {"repo": repo, "glob": "/*"}},
    }
    made = client.post("/pipelines", json=spec)
    assert made.status_code == 201, made.text
    name = made.json()["name"]
    assert client.get(f"/pipelines/{name}").json()["version"] == 1
    assert client.post("/pipelines", json=spec).json()["code"] == "already_exists"
    assert client.post("/pipelines", json=spec, params={"update": True}).status_code == 201
    assert name in [one["name"] for one in items(client, "/pipelines")]
    wrong = client.post("/pipelines", json={"pipeline": {"name": "x"}, "nonsense": 1})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_spec")
    assert items(client, "/jobs", pipeline=name) == []
    for path in ("/jobs/abcdef", "/jobs/abcdef/datums", "/jobs/abcdef/logs"):
        assert client.get(path).status_code == 404
    assert client.get("/jobs/x%2F..").status_code == 400
    assert client.delete(f"/pipelines/{name}").status_code == 204
    assert client.get(f"/pipelines/{name}").status_code == 404


def _job(state: JobState) -> JobInfo:
    return JobInfo(
        id="0" * 32,
        pipeline="p",
        version=1,
        run_id="1" * 32,
        state=state,
        inputs=(),
        output=None,
        executor=None,
        datums_total=0,
        datums_processed=0,
        datums_skipped=0,
        datums_failed=0,
        datums_recovered=0,
        created_us=0,
        started_us=None,
        finished_us=None,
    )


def test_waiting_for_a_run_ends_with_news(client, monkeypatch) -> None:
    looks = [JobState.WAITING] * 3 + [JobState.RUNNING] * 3 + [JobState.SUCCESS] * 9

    def look(*_: object) -> tuple[bool, list[JobInfo]]:
        state = looks.pop(0)
        return state.is_terminal, [_job(state)]

    monkeypatch.setattr(jobs, "look_at_run", look)
    # Nothing happens in the database meanwhile.
    monkeypatch.setattr(long_poll, "_LONGEST_REST", 0.01)
    url = f"/runs/{'1' * 32}"
    first = client.get(url)
    assert first.json()["jobs"][0]["state"] == "waiting"
    known = {"If-None-Match": first.headers["ETag"]}
    assert client.get(url, headers=known).status_code == 304
    second = client.get(url, params={"wait": 20}, headers=known)
    assert (second.json()["over"], second.json()["jobs"][0]["state"]) == (False, "running")
    third = client.get(url, params={"wait": 20})
    assert (third.json()["over"], third.json()["jobs"][0]["state"]) == (True, "success")
    assert client.get(url, params={"wait": 1000}).status_code == 422


def test_a_run_that_nobody_knows_is_over(client) -> None:
    started = time.monotonic()
    assert client.get(f"/runs/{'2' * 32}", params={"wait": 30}).json() == {"over": True, "jobs": []}
    assert time.monotonic() - started < 30


def test_lookups(client, repo) -> None:
    put(client, repo, "a", message="m")
    assert (
        digest_of(BODY)
        in client.post("/chunks/lookup", content=digest_of(b"unknown") + digest_of(BODY)).content
    )
    for wrong in (b"x" * 31, b"x" * 32 * 8193):
        answer = client.post("/chunks/lookup", content=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


def test_ways_to_the_store(client, make_client, vs) -> None:
    directory = client.get("/store").json()["directory"]
    assert directory["path"] == str(vs.objects.backend.root)
    closed = make_client(direct=False).get("/store").json()
    assert closed == {"directory": None, "presigned": None, "records": False}
    pack = "0" * 32
    assert client.get(f"/packs/{pack}/url").status_code == 404
    assert client.post(f"/packs/{pack}/upload").status_code == 404


def test_health(client) -> None:
    body = client.get("/health").json()
    assert (body["status"], body["database"]) == ("ok", "sqlite")


def test_every_operation_names_the_problems_that_it_may_answer(client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert len(paths) > 25
    for path, operations in paths.items():
        assert path.startswith("/api/v1/")
        for operation in operations.values():
            assert operation["tags"]
            assert {"400", "401", "403", "422", "500", "503"} <= set(operation["responses"])
