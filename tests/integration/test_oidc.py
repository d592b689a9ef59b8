"""Logging in at a real OIDC provider, which runs as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from datavc import connect
from datavc.access import accounts
from datavc.access.audit import read_log
from datavc.access.caller import Caller
from datavc.access.roles import grant_role
from datavc.client.oidc_login import log_in_by_browser
from datavc.client.oidc_session import log_in
from datavc.errors import AccessDenied, InvalidInput, NotFound, ServerUnavailable
from datavc.model.account import Holder, NewToken
from datavc.model.audit import AuditFilter
from datavc.model.role import parse_grant
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from datavc_server import oidc
from datavc_server.settings import ServerSettings
from tests.services.http_server import serving
from tests.services.oidc_provider import CLIENT_ID

ROOT = Path(__file__).parents[2]
SUBJECT = "248289761001"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.oidc_provider"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def vs(tmp_path_factory: pytest.TempPathFactory, issuer: str) -> Iterator[VersionedStore]:
    with open_versioned_store(tmp_path_factory.mktemp("home")) as vs:
        accounts.create_account(vs.db, "ada", author="test")
        accounts.set_link(vs.db, "ada", issuer, SUBJECT)
        grant = parse_grant("maintainer:*")
        grant_role(vs.db, Caller.unlimited("test"), Holder.ACCOUNT, "ada", grant)
        yield vs


@pytest.fixture(scope="module")
def server(vs: VersionedStore, issuer: str) -> Iterator[str]:
    settings = ServerSettings(tokens_only=True, oidc_issuer=issuer, oidc_client_id=CLIENT_ID)
    with serving(vs, settings) as url:
        yield url


@pytest.fixture(autouse=True)
def right_again(issuer: str) -> Iterator[None]:
    yield
    prepare(issuer)


def prepare(issuer: str, **wanted: Any) -> None:
    """Say what is to be so in the next tokens."""
    assert httpx.post(f"{issuer}/next", json=wanted, trust_env=False).is_success


def browse(url: str) -> None:
    assert httpx.get(url, follow_redirects=True, trust_env=False).is_success


def come_in(server: str) -> NewToken:
    return log_in(server, browse, timeout=30)


def test_a_browser_is_all_it_takes(server: str, vs: VersionedStore) -> None:
    made = come_in(server)
    assert made.info.account == "ada"
    assert made.info.expires_us is not None
    assert made.info.expires_us - made.info.created_us == pytest.approx(12 * 3600e6, abs=60e6)
    with connect(server, token=made.token) as ada:
        assert ada.whoami().account == "ada"
        ada.create_repo("data")
    entries = read_log(vs.db, AuditFilter(account="ada"), 10)
    assert [one.request for one in entries] == ["POST /repos", "POST /auth/oidc"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"claims": {"iss": "https://elsewhere.example"}},
        {"claims": {"aud": "another-client"}},
        {"claims": {"aud": ["another-client", "one-more"]}},
        {"claims": {"aud": [CLIENT_ID, "one-more"], "azp": "one-more"}},
        {"claims": {"exp": -61}},
        {"claims": {"exp": None}},
        {"claims": {"iat": None}},
        {"claims": {"iat": 3600}},
        {"claims": {"nbf": 3600}},
        {"claims": {"nonce": "of somebody else's login"}},
        {"claims": {"nonce": None}},
        {"claims": {"sub": None}},
        {"claims": {"sub": ""}},
        {"claims": {"sub": 248289761001}},
        {"claims": {"aud": None}},
        {"claims": {"iss": None}},
        {"signature": "none"},
        {"signature": "HS256"},
        {"signature": "stranger"},
        {"signature": "changed"},
    ],
    ids=str,
)
def test_a_token_that_does_not_hold_lets_nobody_in(
    server: str, issuer: str, wrong: dict[str, Any]
) -> None:
    prepare(issuer, **wrong)
    with pytest.raises(AccessDenied, match="the ID token does not hold"):
        come_in(server)


def test_whoever_is_no_account_is_told_who_they_are(server: str, issuer: str) -> None:
    prepare(issuer, claims={"sub": "bob-there"})
    with pytest.raises(AccessDenied, match="no account is linked to 'bob-there'"):
        come_in(server)


def test_an_account_that_is_disabled_cannot_log_in(server: str, vs: VersionedStore) -> None:
    accounts.set_disabled(vs.db, "ada", disabled=True)
    with pytest.raises(AccessDenied, match="'ada' is disabled"):
        come_in(server)
    accounts.set_disabled(vs.db, "ada", disabled=False)


def test_a_token_logs_in_once_and_with_its_own_nonce(server: str, issuer: str) -> None:
    done = log_in_by_browser(issuer, CLIENT_ID, browse, timeout=30)
    with httpx.Client(base_url=f"{server}/api/v1", trust_env=False) as http:
        other = http.post("/auth/oidc", json={"id_token": done.id_token, "nonce": "x" * 43})
        assert (other.status_code, other.json()["code"]) == (403, "access_denied")
        body = {"id_token": done.id_token, "nonce": done.nonce}
        assert http.post("/auth/oidc", json=body).status_code == 201
        again = http.post("/auth/oidc", json=body)
        assert (again.status_code, again.json()["detail"]) == (403, "the ID token was used before")
        for garbage in ("", "a.b.c", "x" * 100, "..."):
            answer = http.post("/auth/oidc", json={"id_token": garbage, "nonce": done.nonce})
            assert answer.status_code == 403


def test_new_keys_of_the_provider_are_found(
    server: str, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_in(server)
    httpx.post(f"{issuer}/rotate", trust_env=False)
    monkeypatch.setattr(oidc, "_KEYS_PAUSE", 0)
    assert come_in(server).info.account == "ada"


def test_an_answer_to_another_login_is_not_taken(server: str, issuer: str) -> None:
    prepare(issuer, state="of-somebody-else")
    with pytest.raises(AccessDenied, match="no answer to this login"):
        come_in(server)
    prepare(issuer, error="access_denied")
    with pytest.raises(AccessDenied, match="the OIDC provider refuses: access_denied"):
        come_in(server)
    with pytest.raises(ServerUnavailable, match="nobody logged in"):
        log_in(server, lambda _: None, timeout=0.1)


def test_a_server_without_a_provider(vs: VersionedStore) -> None:
    with (
        serving(vs, ServerSettings(tokens_only=True)) as url,
        pytest.raises(NotFound, match="no OIDC provider"),
    ):
        come_in(url)


@pytest.mark.parametrize(
    ("address", "client"),
    [("http://login.example", "x"), ("https://", "x"), ("https://login.example", ""), ("", "x")],
)
def test_a_provider_is_reached_safely_or_not_at_all(address: str, client: str) -> None:
    with pytest.raises(InvalidInput, match="no OIDC issuer"):
        oidc.OidcProvider(address, client)


def test_the_command_keeps_the_token(server: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATAVC_URL": server,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "HOME": str(tmp_path),
    }
    environment.pop("DATAVC_TOKEN", None)
    command = [sys.executable, "-m", "datavc_cli"]
    login = subprocess.Popen(
        [*command, "auth", "login", "--oidc"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert login.stderr is not None
    browse(login.stderr.readline().removeprefix("Log in there: ").strip())
    said, errors = login.communicate(timeout=60)
    assert (login.returncode, errors) == (0, "")
    assert said.startswith(f"logged in to {server} as ada;")
    who = subprocess.run(
        [*command, "auth", "whoami", "--json"], env=environment, capture_output=True, check=True
    )
    assert b'"account": "ada"' in who.stdout
