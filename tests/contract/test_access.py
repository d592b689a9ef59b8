"""Accounts, groups, roles and tokens, the same on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from datavc.access import accounts, tokens
from datavc.access.caller import Caller
from datavc.access.quotas import check_bytes, check_new_repo, own_repo, room_in_repo, usage
from datavc.access.roles import grant_role, list_roles, revoke_role
from datavc.access.tokens import authenticate, create_token
from datavc.db import repos
from datavc.db.clock import now_us
from datavc.db.session import Database
from datavc.errors import (
    AccessDenied,
    AlreadyExists,
    DatavcError,
    InvalidInput,
    InvalidName,
    NotFound,
    QuotaExceeded,
)
from datavc.model.account import Holder, Limits, RoleBinding, Usage
from datavc.model.role import parse_grant

ROOT = Caller.unlimited("root")


@pytest.fixture
def db(database: Database) -> Database:
    accounts.create_account(database, "ada", author="test")
    return database


def known_roles(db: Database, caller: Caller) -> list[RoleBinding]:
    # In batches of one, which makes no difference.
    found = [binding for _, binding in list_roles(db, caller, batch=1)]
    assert found == [binding for _, binding in list_roles(db, caller)]
    return found


def test_a_token_says_who_shows_it_and_is_kept_as_a_digest_only(db: Database) -> None:
    made = create_token(db, "ada", name="laptop", scopes=["reader:data"])
    assert made.token.startswith(f"datavc_{made.info.id}_")
    caller = authenticate(db, made.token)
    assert (caller.account, caller.token) == ("ada", made.info.id)
    assert list(map(str, caller.scopes)) == ["reader:data"]
    assert not caller.names_authors
    secret = made.token.split("_", 2)[2]
    with db.read() as conn:
        kept = repr(conn.execute(text("SELECT * FROM tokens")).all())
    assert made.info.id in kept
    assert secret not in kept
    assert secret not in repr(made.info)


def test_what_is_no_token(db: Database) -> None:
    made = create_token(db, "ada").token
    other = create_token(db, "ada").token
    head, secret = made[:23], made[24:]
    for wrong in (
        "",
        "datavc",
        secret,
        f"{made}x",
        made[:-1],
        made.upper(),
        f"{head}_{other[24:]}",
        f"datavc_{'0' * 16}_{secret}",
        "\udcff",
    ):
        with pytest.raises(AccessDenied, match="the token is wrong"):
            authenticate(db, wrong)


def test_tokens_end(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    end = now_us() + 60_000_000
    made = create_token(db, "ada", expires_us=end)
    lasting = create_token(db, "ada")
    authenticate(db, made.token)
    monkeypatch.setattr(tokens, "now_us", lambda: end)
    with pytest.raises(AccessDenied, match="has expired"):
        authenticate(db, made.token)
    authenticate(db, lasting.token)
    tokens.revoke_token(db, lasting.info.id)
    with pytest.raises(AccessDenied, match="was revoked"):
        authenticate(db, lasting.token)
    with pytest.raises(NotFound):
        tokens.revoke_token(db, lasting.info.id)
    with pytest.raises(InvalidInput, match="would have ended"):
        create_token(db, "ada", expires_us=end)


def test_accounts_that_are_disabled_or_gone_are_not_let_in(db: Database) -> None:
    made = create_token(db, "ada")
    accounts.set_disabled(db, "ada", disabled=True)
    with pytest.raises(AccessDenied, match="'ada' is disabled"):
        authenticate(db, made.token)
    accounts.set_disabled(db, "ada", disabled=False)
    authenticate(db, made.token)
    accounts.delete_account(db, "ada")
    with pytest.raises(AccessDenied, match="the token is wrong"):
        authenticate(db, made.token)
    accounts.create_account(db, "ada", author="test")
    with pytest.raises(AccessDenied, match="the token is wrong"):
        authenticate(db, made.token)


def test_the_last_use_of_a_token_is_known_to_the_minute(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create_token(db, "ada")
    start = now_us()
    found = []
    for later in (0, 59_000_000, 61_000_000):
        monkeypatch.setattr(tokens, "now_us", lambda later=later: start + later)
        authenticate(db, made.token)
        found.append(tokens.find_token(db, made.info.id).last_used_us)
    assert found == [start, start, start + 61_000_000]


def test_roles_of_groups_are_those_of_their_members(db: Database) -> None:
    token = create_token(db, "ada").token
    accounts.create_group(db, "team", author="test")
    grant_role(db, ROOT, Holder.GROUP, "team", parse_grant("writer:data"))
    assert authenticate(db, token).grants == ()
    accounts.add_member(db, "team", "ada")
    accounts.add_member(db, "team", "ada")
    found = authenticate(db, token)
    assert (found.groups, found.grants) == (("team",), (parse_grant("writer:data"),))
    accounts.remove_member(db, "team", "ada")
    assert authenticate(db, token).grants == ()
    with pytest.raises(NotFound):
        accounts.remove_member(db, "team", "ada")
    accounts.add_member(db, "team", "ada")
    accounts.delete_group(db, "team")
    assert authenticate(db, token).grants == ()
    assert known_roles(db, ROOT) == []


def test_giving_and_taking_roles(db: Database) -> None:
    grant = parse_grant("admin:data")
    for _ in range(2):
        grant_role(db, ROOT, Holder.ACCOUNT, "ada", grant)
    assert [one.repos for one in known_roles(db, ROOT)] == ["data"]
    ada = authenticate(db, create_token(db, "ada").token)
    accounts.create_account(db, "bob", author="test")
    grant_role(db, ada, Holder.ACCOUNT, "bob", parse_grant("reader:data@x*"))
    for place in ("reader:*", "reader:data2", "reader:dat?", "reader:d*"):
        with pytest.raises(AccessDenied, match="may not say who does what"):
            grant_role(db, ada, Holder.ACCOUNT, "bob", parse_grant(place))
    grant_role(db, ROOT, Holder.ACCOUNT, "bob", parse_grant("reader:other"))
    assert [one.repos for one in known_roles(db, ada)] == ["data", "data"]
    bob = authenticate(db, create_token(db, "bob").token)
    assert [one.repos for one in known_roles(db, bob)] == ["data", "other"]
    revoke_role(db, ada, Holder.ACCOUNT, "bob", parse_grant("reader:data@x*"))
    with pytest.raises(NotFound, match="was not given"):
        revoke_role(db, ROOT, Holder.ACCOUNT, "bob", parse_grant("reader:data@x*"))
    with pytest.raises(NotFound, match="account 'cyd' does not exist"):
        grant_role(db, ROOT, Holder.ACCOUNT, "cyd", grant)


@pytest.mark.parametrize("name", ["", "Ada", "a b", "local", "-a", "a\n", "x" * 101])
def test_names_that_no_account_may_have(db: Database, name: str) -> None:
    with pytest.raises(InvalidName):
        accounts.create_account(db, name, author="test")


def test_an_account_is_made_once(db: Database) -> None:
    with pytest.raises(AlreadyExists):
        accounts.create_account(db, "ada", author="test")
    accounts.ensure_admin(db)
    accounts.ensure_admin(db)
    assert [one.name for one in accounts.list_accounts(db)] == ["ada", "admin"]


def test_a_token_is_compared_without_regard_to_where_it_differs(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    monkeypatch.setattr(
        tokens.hmac, "compare_digest", lambda one, other: compared.append((one, other)) or False
    )
    made = create_token(db, "ada").token
    unknown = f"datavc_{'0' * 16}_{made[24:]}"
    for token in (made, unknown):
        with pytest.raises(AccessDenied, match="the token is wrong"):
            authenticate(db, token)
    assert [len(one) for pair in compared for one in pair] == [32] * 4


def test_the_tables_hold_no_role_without_a_holder(db: Database) -> None:
    statement = (
        "INSERT INTO role_bindings (role, repos, branches, author, created_us)"
        " VALUES ('admin', '*', '*', '', 0)"
    )
    with pytest.raises(DatavcError, match="one_holder"), db.write() as conn:
        conn.execute(text(statement))


def test_what_an_accounts_repos_hold(db: Database) -> None:
    accounts.set_limits(db, "ada", Limits(max_bytes=100, max_repos=1))
    ada = authenticate(db, create_token(db, "ada").token)
    check_new_repo(db, ada)
    with db.write() as conn:
        for name in ("data", "other"):
            repos.create(conn, name, description="", default_branch="main", time_us=1)
    own_repo(db, ada, "data")
    own_repo(db, ada, "data")
    own_repo(db, ROOT, "other")
    assert usage(db, ada) == Usage(bytes=0, repos=1)
    with pytest.raises(QuotaExceeded):
        check_new_repo(db, ada)
    check_bytes(db, "data", 100)
    with pytest.raises(QuotaExceeded):
        check_bytes(db, "data", 101)
    check_bytes(db, "other", 10**9)
    assert (room_in_repo(db, "data"), room_in_repo(db, "other")) == (100, None)


def test_an_account_is_one_subject_and_a_subject_one_account(db: Database) -> None:
    accounts.create_account(db, "bob", author="test")
    accounts.set_link(db, "ada", "https://a", "1")
    accounts.set_link(db, "ada", "https://a", "1")
    found = accounts.find_linked(db, "https://a", "1")
    assert found is not None
    assert found.name == "ada"
    with pytest.raises(AlreadyExists):
        accounts.set_link(db, "bob", "https://a", "1")
    with pytest.raises(InvalidInput, match="belong together"):
        accounts.set_link(db, "bob", "https://a", "")
    accounts.set_link(db, "ada", "", "")
    assert accounts.find_linked(db, "https://a", "1") is None
    accounts.set_link(db, "bob", "https://a", "1")
