"""Accounts with few rights, over HTTP, by the SDK and by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import msgspec
import pytest

from datavc import Client, connect
from datavc.client.wire import WantedRecord, encode_wanted
from datavc.db.tables import Account, AccountGroup, RoleBindingRow, Token
from datavc.engine.engine import Engine
from datavc.engine.settings import EngineSettings
from datavc.errors import (
    AccessDenied,
    Conflict,
    InvalidInput,
    NotFound,
    QuotaExceeded,
    TooManyRequests,
)
from datavc.model.account import Limits
from datavc.model.entry import Location
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server import gate
from datavc_server.paging import encode_cursor
from datavc_server.settings import ServerSettings
from tests.services.http_server import serving

TOKEN = "the-token-of-the-server"
MIB = 1024 * 1024


class Place:
    """A server with a token of its own, and clients of accounts."""

    def __init__(self, vs: VersionedStore, url: str, stack: ExitStack) -> None:
        self.vs = vs
        self.url = url
        self._stack = stack
        self.root = self.client(TOKEN)

    def client(self, token: str) -> Client:
        return self._stack.enter_context(connect(self.url, token=token, author="somebody"))

    def account(self, name: str, *roles: str, **limits: int) -> Client:
        self.root.create_account(name)
        self.root.limit_account(name, Limits(**limits))
        for role in roles:
            word, _, repos = role.partition(":")
            self.root.grant_role(name, word, repos)
        return self.client(self.root.create_token(name).token)

    def http(self, token: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"}
        client = httpx.Client(base_url=f"{self.url}/api/v1", trust_env=False, headers=headers)
        return self._stack.enter_context(client)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with (
        open_versioned_store(tmp_path / "home") as vs,
        serving(vs, ServerSettings(token=TOKEN)) as url,
        ExitStack() as stack,
    ):
        yield Place(vs, url, stack)


def test_one_token_for_all_goes_on_as_before(place: Place) -> None:
    place.root.create_repo("data")
    place.root.put(b"x", "data:/f", message="m")
    assert next(iter(place.root.log("data"))).author == "somebody"
    assert place.root.whoami().account == "admin"
    assert place.root.describe()["transfer"] == "directory"
    assert [one.name for one in place.root.list_accounts()] == ["admin"]


def test_an_account_reads_and_writes_where_it_may(place: Place, tmp_path: Path) -> None:
    place.root.create_repo("data")
    place.root.put(b"theirs", "data:/theirs", message="m")
    place.root.create_repo("hidden")
    place.root.put(b"secret", "hidden:/secret", message="m")
    ada = place.account("ada", "writer:data", "maintainer:ada-*")
    assert ada.describe()["transfer"] == "records"
    assert [one.name for one in ada.list_repos()] == ["data"]
    assert ada.read("data:/theirs") == b"theirs"
    big = os.urandom(3 * MIB)
    ada.put(big, "data:/big", message="mine")
    ada.put(b"".join(b"%d " % one for one in range(100_000)), "data:/text", message="mine")
    assert ada.read("data:/big") == big
    assert next(iter(ada.log("data"))).author == "ada"
    ada.get("data:/", tmp_path / "out")
    assert (tmp_path / "out" / "big").read_bytes() == big
    assert len((tmp_path / "out" / "text").read_bytes()) == 588_890
    ada.create_repo("ada-own")
    for use in (
        lambda: ada.read("hidden:/secret"),
        lambda: ada.get_repo("hidden"),
        lambda: ada.put(b"x", "hidden:/x", message="m"),
        lambda: ada.delete_repo("hidden"),
    ):
        with pytest.raises(NotFound, match="repo 'hidden' does not exist"):
            use()
    with pytest.raises(AccessDenied, match="may not maintain in repo 'hidden'"):
        ada.create_repo("hidden")
    with pytest.raises(AccessDenied):
        ada.delete_repo("data")


def test_access_keys_are_made_for_oneself_and_by_admins_for_all(place: Place) -> None:
    ada, bob = place.account("ada", "reader:data"), place.account("bob")
    mine = ada.create_s3_key()
    assert mine.account == "ada"
    with pytest.raises(AccessDenied):
        ada.create_s3_key("bob")
    theirs = place.root.create_s3_key("bob", read_only=True)
    with pytest.raises(NotFound, match="account 'nobody' does not exist"):
        place.root.create_s3_key("nobody")
    assert [one.id for one in ada.list_s3_keys()] == [mine.id]
    assert {one.id for one in place.root.list_s3_keys()} == {mine.id, theirs.id}
    with pytest.raises(NotFound, match="there is no S3 access key"):
        ada.revoke_s3_key(theirs.id)
    bob.revoke_s3_key(theirs.id)
    ended = {"scopes": ["reader:data"]}, {"expires_us": 2**52}
    for narrowed in ended:
        narrow = place.client(place.root.create_token("ada", **narrowed).token)
        with pytest.raises(AccessDenied, match="makes no access keys"):
            narrow.create_s3_key()
    place.root.delete_account("ada")
    assert place.root.list_s3_keys() == []


def test_records_are_had_by_their_digests_and_never_by_their_places(place: Place) -> None:
    place.root.create_repo("hidden")
    place.root.put(os.urandom(1000), "hidden:/secret", message="m")
    place.account("ada", "writer:data")
    http = place.http(place.root.create_token("ada").token)
    entry = next(iter(place.vs.chunks.lookup([_digest(place)]).values()))

    def ask(digest: bytes, location: Location) -> httpx.Response:
        one = WantedRecord(digest, location.pack, location.offset, location.length)
        return http.post("/records", content=encode_wanted([one]))

    right = ask(entry.digest, entry.location)
    assert (right.status_code, len(right.content)) == (200, entry.location.length)
    at = entry.location
    wrong = [
        ask(bytes(32), at),
        ask(entry.digest, Location(at.pack, at.offset + 1, at.length)),
        ask(entry.digest, Location(at.pack, at.offset, at.length - 1)),
        ask(entry.digest, Location(at.pack, at.offset, at.length + 1)),
        ask(entry.digest, Location(at.pack, at.offset, 10)),
        ask(entry.digest, Location(at.pack, 0, 64)),
        ask(entry.digest, Location(bytes(16), at.offset, at.length)),
    ]
    assert [one.status_code for one in wrong] == [404] * len(wrong)
    details = {one.json()["detail"] for one in wrong[1:]}
    assert len(details) == 1
    for path in (f"/packs/{at.pack.hex()}", "/packs", f"/packs/{at.pack.hex()}/moves"):
        assert http.get(path).status_code == 403
    for body in (b"", b"\x90", b"\xc1", msgspec.msgpack.encode([[b"", b"", 0, 1]])):
        assert http.post("/records", content=body).status_code == 400


def _digest(place: Place) -> bytes:
    with place.vs.db.read() as conn:
        from datavc.db.tables import Chunk

        return conn.execute(Chunk.select()).one().digest


def test_branches_narrow_down_what_may_be_changed(place: Place) -> None:
    place.root.create_repo("data")
    place.root.put(b"1", "data:/f", message="m")
    ada = place.account("ada", "writer:data@feature/*")
    ada.create_branch("data", "feature/x", start="main")
    ada.put(b"2", "data@feature/x:/f", message="m")
    assert ada.read("data@main:/f") == b"1"
    for use in (
        lambda: ada.put(b"2", "data@main:/f", message="m"),
        lambda: ada.create_branch("data", "other", start="main"),
        lambda: ada.merge("data@feature/x", "main"),
        lambda: ada.create_tag("data", "v1"),
        lambda: ada.delete_branch("data", "main"),
    ):
        with pytest.raises(AccessDenied):
            use()


def test_lineage_and_lists_show_what_may_be_read(place: Place) -> None:
    for name in ("raw", "other"):
        place.root.create_repo(name)
        place.root.put(b"1", f"{name}:/f", message="m")
    spec = {
        "pipeline": {"name": "made"},
        "transform": {"cmd": ["true"]},
        "input": {"pfs": {"repo": "raw", "glob": "/"}},
    }
    place.root.create_pipeline(spec)
    ada = place.account("ada", "reader:other")
    bob = place.account("bob", "reader:made")
    assert (ada.list_pipelines(), ada.list_jobs()) == ([], [])
    assert [one.name for one in bob.list_pipelines()] == ["made"]
    job = bob.list_jobs()[0].id
    with pytest.raises(NotFound):
        ada.get_job(job)
    with pytest.raises(NotFound, match="pipeline 'made' does not exist"):
        ada.get_pipeline("made")
    cyd = place.account("cyd", "maintainer:cyd-*", "reader:other")
    for inputs, name in (("raw", "cyd-1"), ("other", "made")):
        wrong = spec | {
            "pipeline": {"name": name},
            "input": {"pfs": {"repo": inputs, "glob": "/"}},
        }
        with pytest.raises((NotFound, AccessDenied)):
            cyd.create_pipeline(wrong)
    mine = spec | {"pipeline": {"name": "cyd-1"}, "input": {"pfs": {"repo": "other", "glob": "/"}}}
    secret = mine | {
        "transform": {"cmd": ["true"], "secrets": [{"name": "s", "key": "k", "env_var": "K"}]}
    }
    place.root.create_secret("s", {"k": b"v"})
    with pytest.raises(AccessDenied, match="may not administer here"):
        cyd.create_pipeline(secret)
    cyd.create_pipeline(mine)
    # The two jobs have the first digits, which are the time, in common.
    for client, kind in ((ada, NotFound), (bob, NotFound), (place.root, Conflict)):
        with pytest.raises(kind):
            client.get_job(job[:4])


def test_a_pipelines_token_is_made_by_admins_and_makes_nothing(place: Place) -> None:
    place.root.create_repo("raw")
    place.root.put(b"1", "raw:/f", message="m")
    spec = {
        "pipeline": {"name": "made"},
        "transform": {"cmd": ["true"]},
        "input": {"pfs": {"repo": "raw", "glob": "/"}},
    }
    place.root.create_pipeline(spec)
    ada = place.account("ada", "maintainer:*")
    with pytest.raises(AccessDenied):
        ada.create_token("pipeline:made")
    made = place.client(place.root.create_token("pipeline:made").token)
    who = made.whoami()
    assert (who.kind, who.grants) == ("pipeline", ("writer:made@main", "reader:raw@main"))
    assert made.read("raw:/f") == b"1"
    for use in (made.create_token, made.create_s3_key, lambda: made.put(b"", "raw:/f")):
        with pytest.raises(AccessDenied):
            use()
    with pytest.raises(Conflict, match="repo 'made' is written by pipeline 'made'"):
        made.put(b"2", "made:/f", message="m")
    shown = place.root.get_account("pipeline:made")
    assert (shown.kind.value, shown.roles) == ("pipeline", who.grants)
    place.root.disable_account("pipeline:made")
    with pytest.raises(AccessDenied, match="is disabled"):
        made.whoami()
    with pytest.raises(InvalidInput, match="is a pipeline's own"):
        place.root.delete_account("pipeline:made")


def test_nobody_has_a_commit_made_again_from_what_they_may_not_read(
    place: Place, tmp_path: Path
) -> None:
    place.root.create_repo("raw")
    place.root.put(b"1", "raw:/f", message="m")
    spec = {
        "pipeline": {"name": "made"},
        "transform": {"cmd": ["true"]},
        "input": {"pfs": {"repo": "raw", "glob": "/"}},
    }
    place.root.create_pipeline(spec)
    settings = EngineSettings(scratch=tmp_path / "scratch", executor="process")
    with closing(Engine(place.vs, settings)) as engine:
        engine.drive(place.root.list_jobs("made")[0].run_id, 60)
    ada = place.account("ada", "maintainer:made")
    with pytest.raises(NotFound, match="repo 'raw' does not exist"):
        ada.reproduce("made")
    assert len(place.root.list_jobs("made")) == 1


def test_lists_longer_than_a_page_are_read_to_their_end(place: Place) -> None:
    many = [f"u{number:04}" for number in range(1100)]
    made = {"author": "test", "created_us": 1}
    with place.vs.db.write() as conn:
        row = made | {"kind": "user", "disabled": 0}
        conn.execute(
            Account.insert(), [row | {"name": name, "id": n + 100} for n, name in enumerate(many)]
        )
        conn.execute(AccountGroup.insert(), [made | {"name": name} for name in many])
        role = made | {"role": "reader", "branches": "*"}
        conn.execute(
            RoleBindingRow.insert(),
            [role | {"repos": name, "account_id": 100, "group_name": None} for name in many],
        )
        token = {"account_id": 100, "name": "", "digest": b"", "scopes": [], "created_us": 1}
        conn.execute(Token.insert(), [token | {"id": name} for name in many])
    root = place.root
    assert [one.name for one in root.list_accounts()] == ["admin", *many]
    assert [one.name for one in root.list_groups()] == many
    assert [one.repos for one in root.list_roles()] == many
    assert [one.id for one in root.list_tokens()] == many


def test_pages_of_accounts_groups_roles_and_tokens(place: Place) -> None:
    http = place.http(TOKEN)
    for name in ("ada", "bob", "cyd"):
        place.account(name, f"reader:{name}", "reader:all")
        place.root.create_group(name)
        place.root.grant_role(name, "writer", "all", group=True)
    for path, place_of in (
        ("accounts", lambda one: one["name"]),
        ("groups", lambda one: one["name"]),
        ("roles", lambda one: (one["holder_kind"], one["holder"], one["repos"])),
        ("tokens", lambda one: (-one["created_us"], one["id"])),
    ):
        everything = http.get(f"/auth/{path}").json()
        assert everything["next"] is None
        assert everything["items"] == sorted(everything["items"], key=place_of)
        found, cursor, pages = [], None, 0
        while cursor is not None or pages == 0:
            query = {"limit": 2} | ({} if cursor is None else {"cursor": cursor})
            page = http.get(f"/auth/{path}", params=query).json()
            found += page["items"]
            assert len(page["items"]) <= 2
            cursor, pages = page["next"], pages + 1
        assert (found, pages) == (everything["items"], (len(found) + 1) // 2)
        wrong = ["%", encode_cursor("a\0")]
        if path == "roles":
            wrong += map(encode_cursor, ("a", "a\nb\nc\nd\n-1", "a\nb\nc\nd\n" + "9" * 30))
        if path == "tokens":
            wrong += map(encode_cursor, ("a", "9" * 20, "9" * 19))
        for one in wrong:
            answer = http.get(f"/auth/{path}", params={"cursor": one})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input"), one
    # Whoever sees only their own gets them from between those of others.
    bob = place.http(place.root.create_token("bob").token)
    seen = bob.get("/auth/roles", params={"limit": 1}).json()
    more = bob.get("/auth/roles", params={"limit": 1, "cursor": seen["next"]}).json()
    assert [one["repos"] for one in seen["items"] + more["items"]] == ["all", "bob"]
    assert more["next"] is None


def test_tokens_are_narrowed_down_and_end(place: Place) -> None:
    place.root.create_repo("data")
    place.root.put(b"1", "data:/f", message="m")
    ada = place.account("ada", "writer:data")
    made = ada.create_token(name="ci", scopes=["reader:*"])
    narrow = place.client(made.token)
    assert narrow.read("data:/f") == b"1"
    with pytest.raises(AccessDenied):
        narrow.put(b"2", "data:/f", message="m")
    with pytest.raises(AccessDenied, match="narrowed down"):
        narrow.create_token()
    assert {one.name for one in ada.list_tokens()} == {"", "ci"}
    with pytest.raises(AccessDenied):
        ada.create_token("admin")
    with pytest.raises(AccessDenied):
        ada.list_tokens("admin")
    short = place.root.create_token("ada", expires_us=2**60)
    with pytest.raises(InvalidInput, match="would outlive"):
        place.client(short.token).create_token(expires_us=2**61)
    assert place.client(short.token).create_token().info.expires_us == 2**60
    ada.revoke_token(made.info.id)
    with pytest.raises(AccessDenied, match="was revoked"):
        narrow.read("data:/f")
    bob = place.account("bob")
    with pytest.raises(NotFound):
        bob.revoke_token(short.info.id)
    place.root.disable_account("ada")
    with pytest.raises(AccessDenied, match="is disabled"):
        ada.list_repos()


def test_what_an_account_may_have(place: Place) -> None:
    ada = place.account("ada", "maintainer:*", max_bytes=2 * MIB, max_repos=1)
    assert ada.describe()["transfer"] != "directory"
    ada.create_repo("one")
    with pytest.raises(QuotaExceeded, match="has made 1 repos, and may make 1"):
        ada.create_repo("two")
    assert [one.name for one in ada.list_repos()] == ["one"]
    ada.put(os.urandom(MIB), "one:/a", message="m")
    assert (ada.whoami().usage.bytes, ada.whoami().usage.repos) == (MIB, 1)
    packs = len(list(place.vs.objects.backend.list()))
    with pytest.raises(QuotaExceeded):
        ada.put(os.urandom(2 * MIB), "one:/b", message="m")
    assert len(list(place.vs.objects.backend.list())) == packs
    http = place.http(place.root.create_token("ada").token)
    for headers in ({}, {"Transfer-Encoding": "chunked"}):
        body = os.urandom(2 * MIB) if not headers else iter([os.urandom(MIB)] * 2)
        answer = http.put("/repos/one/refs/main/files/b", content=body)
        assert (answer.status_code, answer.json()["code"]) == (507, "quota_exceeded")
    assert len(list(place.vs.objects.backend.list())) == packs
    # Whoever writes there, it is the owner's.
    bob = place.account("bob", "writer:one")
    with pytest.raises(QuotaExceeded, match="account 'ada'"):
        bob.put(os.urandom(2 * MIB), "one:/b", message="m")
    place.root.limit_account("ada", Limits(max_bytes=4 * MIB))
    bob.put(os.urandom(2 * MIB), "one:/b", message="m")
    ada.delete_repo("one")
    assert ada.whoami().usage.bytes == 0


def test_how_often_an_account_may_ask(place: Place) -> None:
    place.account("ada", "reader:*", requests_per_minute=3)
    http = place.http(place.root.create_token("ada").token)
    answers = [http.get("/repos")]
    while answers[-1].status_code == 200:
        answers.append(http.get("/repos"))
    assert answers[-1].status_code == 429
    assert http.get("/repos").status_code == 429
    assert answers[-1].json()["code"] == "too_many_requests"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 20
    refused = list(place.root.audit_log(account="ada", outcome="refused"))
    assert len(refused) == 1
    place.root.limit_account("ada", Limits(requests_per_minute=1))
    slow = place.http(place.root.create_token("ada").token)
    while slow.get("/repos").status_code == 200:
        pass
    # A minute is longer than the SDK waits.
    with pytest.raises(TooManyRequests):
        place.client(place.root.create_token("ada").token)


def test_the_log_of_changes_and_refusals(place: Place) -> None:
    place.root.create_repo("data")
    ada = place.account("ada", "writer:data")
    ada.put(b"1", "data:/f", message="m")
    with pytest.raises(AccessDenied):
        ada.delete_repo("data")
    assert httpx.get(f"{place.url}/api/v1/repos", trust_env=False).status_code == 401
    found = list(place.root.audit_log())
    assert [(one.account, one.request, one.outcome.value) for one in found[:3]] == [
        ("", "GET /api/v1/repos", "refused"),
        ("ada", "DELETE /repos/{repo}", "refused"),
        ("ada", "POST /repos/{repo}/branches/{branch}/commits", "done"),
    ]
    commit = found[2]
    assert (commit.repo, commit.branch, commit.status) == ("data", "main", 201)
    assert commit.address == "127.0.0.1"
    assert len(commit.token) == 16
    assert "may not maintain" in found[1].reason
    assert [one.request for one in place.root.audit_log(account="ada", outcome="done")] == [
        "POST /repos/{repo}/branches/{branch}/commits"
    ]
    assert list(place.root.audit_log(until="2 days ago")) == []
    with pytest.raises(InvalidInput):
        place.root.audit_log(outcome="lost")
    with pytest.raises(AccessDenied):
        list(ada.audit_log())


def test_secrets_are_in_no_log(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.root.create_account("ada")
    made = place.root.create_token("ada")
    http = place.http(made.token)
    http.get("/repos")
    http.delete("/repos/data")
    http.get("/repos", headers={"Authorization": f"Bearer {made.token}x"})
    logged = repr(list(place.root.audit_log())) + caplog.text
    assert made.info.id in logged
    assert made.token.split("_", 2)[2] not in logged
    assert TOKEN not in logged


def test_a_server_of_this_machine_is_open_until_there_is_a_token(tmp_path: Path) -> None:
    with (
        open_versioned_store(tmp_path / "home") as vs,
        serving(vs, ServerSettings()) as url,
        connect(url, author="me") as local,
    ):
        assert local.whoami().account == "local"
        local.create_account("ada")
        local.grant_role("ada", "admin")
        token = local.create_token("ada").token
        with pytest.raises(AccessDenied, match="wants a token"):
            local.list_repos()
        with connect(url, token=token) as ada:
            ada.create_repo("data")


def test_a_flood_of_wrong_tokens_does_not_fill_the_log(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "_WRITTEN_PER_MINUTE", 1)
    http = place.http("datavc_wrong")
    assert {http.get("/repos").status_code for _ in range(20)} == {401}
    assert 1 <= len(list(place.root.audit_log(outcome="refused"))) < 20
