from __future__ import annotations

import pytest

from datavc.errors import InvalidInput
from datavc_server.paging import (
    decode_cursor,
    decode_name,
    encode_cursor,
    newest_first,
    page_of,
    time_and_name,
)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_pages_hold_everything_once(count: int) -> None:
    names = [f"\u00fc/{number}" for number in range(count)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        after = decode_cursor(cursor)
        page = page_of((name for name in names if name > after), 2, lambda name: name)
        seen += page.items
        cursor = page.next
        if cursor is None:
            break
        assert len(page.items) == 2
    assert seen == names


@pytest.mark.parametrize("place", ["", "a", "a/b/", "\U0001f600", "~" * 300])
def test_cursors(place: str) -> None:
    assert decode_cursor(encode_cursor(place)) == place


@pytest.mark.parametrize("text", ["%", "a", "/w==", "_w"])
def test_other_texts_are_no_cursors(text: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        decode_cursor(text)


@pytest.mark.parametrize(("time_us", "name"), [(0, ""), (1, "a"), (2**62, "a1"), (2**63 - 1, "")])
def test_a_time_and_a_name_come_back_from_their_place(time_us: int, name: str) -> None:
    assert time_and_name(newest_first(time_us, name)) == (time_us, name)


@pytest.mark.parametrize("place", ["", "a", "9" * 19, "9" * 20, "0" * 20, f"{2**63 + 1:020d}"])
def test_other_places_are_of_no_time(place: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        time_and_name(place)


@pytest.mark.parametrize("text", ["%", encode_cursor("a\0")])
def test_what_no_database_is_asked_for(text: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        decode_name(text)


def all_pages(client, path: str, limit: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    cursor = None
    while True:
        query = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
        page = client.get(path, params=query).raise_for_status().json()
        assert len(page["items"]) <= limit
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


def make_some_of_all(client, repo: str) -> None:
    for number in range(5):
        name = f"b{number}"
        for path, body in (
            ("branches", {"name": name}),
            ("protections", {"pattern": f"p{number}/*"}),
            ("retention", {"pattern": f"p{number}/*", "keep_s": 5}),
        ):
            method = "POST" if path == "branches" else "PUT"
            client.request(method, f"/repos/{repo}/{path}", json=body).raise_for_status()
        client.put(f"/repos/{repo}/refs/main/files/{number}", content=b"x").raise_for_status()
    client.post(f"/repos/{repo}/branches/main/commits", json={"message": "m"})
    for number in range(5):
        client.put(f"/repos/{repo}/refs/main/files/+{number}", content=b"x").raise_for_status()
        tag = {"name": f"v{number}", "target": "main"}
        client.post(f"/repos/{repo}/tags", json=tag).raise_for_status()
        client.post("/secrets", json={"name": f"{repo[:20]}-{number}", "values": {"a": "eA=="}})
        client.post("/purges", json={"digest": f"{number}" * 64, "reason": "x"})


@pytest.mark.parametrize(
    "path",
    [
        "/repos", "/repos/{repo}/branches", "/repos/{repo}/tags", "/repos/{repo}/ref-log",
        "/repos/{repo}/protections", "/repos/{repo}/retention", "/retention", "/secrets",
        "/repos/{repo}/branches/main/staging", "/usage", "/purges", "/packs",
    ],
)  # fmt: skip
def test_each_list_in_pages_is_the_list(client, some_of_all: str, path: str) -> None:
    path = path.format(repo=some_of_all)
    whole = all_pages(client, path, 10_000)
    assert all_pages(client, path, 2) == whole
    assert path == "/purges" or len(whole) > 2
    assert client.get(path, params={"cursor": "%"}).status_code == 400


@pytest.fixture(scope="module")
def some_of_all(client) -> str:
    for name in ("paged-1", "paged-2", "paged-3"):
        client.post("/repos", json={"name": name}).raise_for_status()
    make_some_of_all(client, "paged-1")
    return "paged-1"


def test_a_ref_log_goes_on_at_a_line_alone(client, some_of_all: str) -> None:
    cursor = encode_cursor("line")
    answer = client.get(f"/repos/{some_of_all}/ref-log", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
