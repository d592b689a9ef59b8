"""Entity tags of branches and commits, and changes that hold only for one state of a branch."""

from __future__ import annotations

import pytest

from datavc.errors import LostRace
from datavc.versioning import branches
from datavc_server.entity_tag import matches


def commit(client, repo: str, name: str) -> str:
    url = f"/repos/{repo}/refs/main/files/{name}"
    answer = client.put(url, content=name.encode(), params={"message": name})
    head: str = answer.raise_for_status().json()["commit"]
    return head


def tag_of(client, repo: str, branch: str = "main") -> str:
    return client.get(f"/repos/{repo}/branches/{branch}").raise_for_status().headers["ETag"]


def test_what_is_known_is_not_sent_again(client, repo) -> None:
    for name in ("branches", "refs"):
        url = f"/repos/{repo}/{name}/main"
        commit(client, repo, name)
        tag = client.get(url).headers["ETag"]
        known = client.get(url, headers={"If-None-Match": f'"x", {tag}'})
        assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", tag)
        commit(client, repo, f"{name}-2")
        changed = client.get(url, headers={"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["ETag"] != tag


def test_a_move_of_a_branch_that_has_moved(client, repo) -> None:
    first = commit(client, repo, "a")
    old = tag_of(client, repo)
    second = commit(client, repo, "b")
    url = f"/repos/{repo}/branches/main"
    lost = client.patch(url, json={"target": first}, headers={"If-Match": old})
    assert (lost.status_code, lost.json()["code"]) == (412, "lost_race")
    assert client.get(url).json()["head"] == second
    moved = client.patch(url, json={"target": first}, headers={"If-Match": f'"{second}"'})
    assert moved.status_code == 200
    assert moved.headers["ETag"] == old == tag_of(client, repo)


def test_a_branch_without_a_commit_has_a_tag_too(client, repo) -> None:
    empty = tag_of(client, repo)
    staged = client.put(f"/repos/{repo}/refs/main/files/a", content=b"a")
    assert staged.status_code == 201
    url = f"/repos/{repo}/branches/main/commits"
    made = client.post(url, json={"message": "1"}, headers={"If-Match": empty})
    assert made.status_code == 201
    client.put(f"/repos/{repo}/refs/main/files/b", content=b"b")
    lost = client.post(url, json={"message": "2"}, headers={"If-Match": empty})
    assert (lost.status_code, lost.json()["code"]) == (412, "lost_race")
    # What was staged is staged still.
    assert client.post(url, json={"message": "2"}, headers={"If-Match": "*"}).status_code == 201


def test_a_branch_is_deleted_only_as_it_was_seen(client, repo) -> None:
    commit(client, repo, "a")
    client.post(f"/repos/{repo}/branches", json={"name": "x", "start": "main"})
    old = tag_of(client, repo, "x")
    client.put(f"/repos/{repo}/refs/x/files/b", content=b"b", params={"message": "b"})
    url = f"/repos/{repo}/branches/x"
    assert client.delete(url, headers={"If-Match": old}).status_code == 412
    now = tag_of(client, repo, "x")
    assert client.delete(url, headers={"If-Match": now}).status_code == 204


def test_a_branch_that_moves_in_between_is_a_failed_precondition_too(
    client, repo, monkeypatch
) -> None:
    commit(client, repo, "a")

    def lose(*_: object, **__: object) -> None:
        raise LostRace("it moved meanwhile")

    monkeypatch.setattr(branches, "move_branch", lose)
    url, body = f"/repos/{repo}/branches/main", {"target": "main"}
    assert client.patch(url, json=body).status_code == 409
    tag = tag_of(client, repo)
    assert client.patch(url, json=body, headers={"If-Match": tag}).status_code == 412


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, False),
        ("", False),
        ('"a"', True),
        ('"b", "a"', True),
        ('W/"a"', True),
        ("*", True),
        ('"aa"', False),
        ("a", False),
    ],
)
def test_lists_of_tags(header: str | None, found: bool) -> None:
    assert matches(header, '"a"') is found
