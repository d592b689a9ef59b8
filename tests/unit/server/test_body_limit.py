from __future__ import annotations

from collections.abc import Iterator

LIMIT = 1000


def chunked(size: int) -> Iterator[bytes]:
    for _ in range(size // 100):
        yield b" " * 100


def test_announced_bodies(make_client) -> None:
    client = make_client(max_body=LIMIT)
    assert client.post("/chunks/lookup", content=b"x" * 960).status_code == 200
    answer = client.post("/chunks/lookup", content=b"x" * (LIMIT + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "invalid_input")


def test_bodies_of_unknown_size(make_client) -> None:
    client = make_client(max_body=LIMIT)
    answer = client.post("/chunks/lookup", content=chunked(LIMIT + 100))
    assert (answer.status_code, answer.json()["code"]) == (413, "invalid_input")
    answer = client.post("/repos", content=chunked(LIMIT + 100))
    assert (answer.status_code, answer.json()["code"]) == (413, "invalid_input")


def test_uploads_have_limits_of_their_own(make_client, repo) -> None:
    client = make_client(max_body=10, max_pack=LIMIT, max_file=LIMIT)
    pack = "0" * 31
    for content in (b"x" * (LIMIT + 1), chunked(LIMIT + 100)):
        assert client.put(f"/packs/{pack}1", content=content).status_code == 413
    assert client.put(f"/packs/{pack}1", content=b"x" * LIMIT).status_code == 201
    path = f"/repos/{repo}/refs/main/files/a"
    for content in (b"x" * (LIMIT + 1), chunked(LIMIT + 100)):
        assert client.put(path, content=content).status_code == 413
    assert client.put(path, content=b"x" * LIMIT).status_code == 201
    staged = client.get(f"/repos/{repo}/branches/main/staging").json()["items"]
    assert [one["bytes"] for one in staged] == [LIMIT]
