from __future__ import annotations

import re

import pytest
import typer

from datavc_cli import foreign_words
from datavc_cli.app import build_app
from datavc_cli.foreign_words import known_here_as
from datavc_cli.main import run


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (["create", "repo", "data"], "datavc repo create"),
        (["list", "branches", "data"], "datavc branch list"),
        (["inspect", "job", "x"], "datavc job inspect"),
        (["pipelines"], "datavc pipeline list"),
        (["commit", "start"], "datavc put"),
        (["put", "file"], "datavc put FILE"),
        (["blame", "data"], "datavc log REPO:/PATH"),
        (["branch", "rename", "data@x"], "datavc branch create"),
    ],
)
def test_words_of_others(words: list[str], known: str) -> None:
    assert known_here_as(words).startswith(known)


def test_words_of_nobody() -> None:
    assert known_here_as(["frobnicate", "repo"]) == ""
    assert known_here_as([]) == ""


def test_what_is_recommended_is_there() -> None:
    command = typer.main.get_command(build_app())
    groups = {
        name: set(getattr(verb, "commands", {}))
        for name, verb in getattr(command, "commands", {}).items()
    }
    advice = [*foreign_words._VERBS.values(), *foreign_words._PHRASES.values()]
    advice += [
        known_here_as([action, noun])
        for noun, actions in foreign_words._ACTIONS.items()
        for action in actions
    ]
    named = [
        found for text in advice for found in re.findall(r"datavc ([a-z-]+)(?: ([a-z]+))?", text)
    ]
    assert len(named) > 40
    for verb, action in named:
        assert verb in groups
        assert not groups[verb] or not action or action in groups[verb], (verb, action)


def test_the_command_line_tells(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", "x", "create", "repo", "data"]) == 2
    assert capsys.readouterr().err == (
        "datavc: No such command 'create'\nhint: here it is: datavc repo create\n"
    )
    assert run(["frob"]) == 2
    assert "see `datavc --help`" in capsys.readouterr().err


def test_no_arguments_print_the_help_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert capsys.readouterr().err == ""
