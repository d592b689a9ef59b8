"""Secrets, by the command line."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import CommandLine


def test_the_life_of_a_secret(cli: CommandLine, tmp_path: Path) -> None:
    assert "There is no secret yet" in cli.ok("secret", "list").err
    (tmp_path / "pw").write_bytes(b"horse")
    ran = cli.ok("secret", "create", "db", "password=pw", "user=-", stdin=b"ann")
    assert (ran.out, ran.err) == ("", "secret db holds password, user\n") or "holds" in ran.out
    again = cli("secret", "create", "db", "password=pw")
    assert (again.code, "exists already" in again.err) == (4, True)
    cli.ok("secret", "create", "db", "password=pw", "--update")
    (listed,) = cli.ok("secret", "list", "--json").json
    assert (listed["name"], listed["keys"], listed["author"]) == ("db", ["password"], "ada@example")
    assert "horse" not in cli.ok("secret", "list").out
    cli.ok("secret", "delete", "db")
    assert cli("secret", "delete", "db").code == 3


def test_a_value_does_not_belong_on_the_command_line(cli: CommandLine) -> None:
    ran = cli("secret", "create", "db", "password=horse")
    assert ran.code == 1
    assert "cannot be read from 'horse'" in ran.err
    assert "does not belong on a command line" in ran.err
    assert cli("secret", "create", "Db", "password=-", stdin=b"x").code == 2
