from __future__ import annotations

import typer

from datavc_cli.app import build_app


def names(*arguments: str) -> set[str]:
    """The verbs of the command line that is built for *arguments*."""
    command = typer.main.get_command(build_app(arguments))
    return set(getattr(command, "commands", {}))


def test_only_the_verb_that_is_asked_for() -> None:
    assert names("ls", "data") == {"ls"}
    assert names("--home", "put", "ls") == {"ls"}


def test_all_where_it_takes_all() -> None:
    assert {"ls", "put", "repo", "serve"} <= names("--help")
    assert names("nonsense") == names() == names("serve")
