from __future__ import annotations

import pytest

TOKEN = "a-token-that-is-long-enough"


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer wrong", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        ("Bearer \xff\xfe".encode("latin-1"), 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
    ],
)
@pytest.mark.parametrize("path", ["/repos", "/health", "/openapi.json"])
def test_a_token_opens_every_route_and_nothing_else_does(
    make_client, authorization, status, path
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = make_client(token=TOKEN).get(path, headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.json()["code"] == "access_denied"
        assert TOKEN not in answer.text


def test_a_route_that_does_not_exist_wants_the_token_too(make_client) -> None:
    assert make_client(token=TOKEN).get("/nothing").status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8250", 200),
        ("127.9.9.9:1", 200),
        ("localhost:8250", 200),
        ("LOCALHOST", 200),
        ("[::1]:8250", 200),
        ("evil.example", 403),
        ("evil.example:8250", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example", 403),
        ("192.168.1.1:8250", 403),
        ("[::1", 403),
        ("", 403),
    ],
)
def test_without_a_token_only_names_of_this_machine_are_served(client, host, status) -> None:
    assert client.get("/repos", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:8250"}, 200),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_without_a_token_web_pages_of_others_are_refused(client, method, headers, status) -> None:
    headers = {"Host": "127.0.0.1:8250"} | headers
    answer = client.request(method, "/repos", headers=headers, json={"name": "data"})
    assert (answer.status_code == 403) == (status == 403)


def test_with_a_token_any_name_and_origin_may_come(make_client) -> None:
    headers = {
        "Host": "data.example",
        "Origin": "http://elsewhere.example",
        "Authorization": f"Bearer {TOKEN}",
    }
    assert make_client(token=TOKEN, host="0.0.0.0").get("/repos", headers=headers).is_success
