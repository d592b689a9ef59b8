from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
import typer

from datavc_cli.app import build_app
from datavc_cli.examples import EXAMPLES


def commands(command: typer.core.TyperCommand, words: str = "") -> Iterator[str]:
    below = getattr(command, "commands", None)
    if below is None:
        yield words
        return
    for name, one in below.items():
        yield from commands(one, f"{words} {name}".strip())


def test_every_command_has_an_example() -> None:
    command = typer.main.get_command(build_app())
    assert set(commands(command)) - {"import"} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_valid(name: str) -> None:
    for line in EXAMPLES[name].splitlines():
        if not line.strip():
            continue
        arguments = shlex.split(line)
        assert arguments[0] == "datavc"
        del arguments[0]
        command = typer.main.get_command(build_app(arguments))
        for word in name.split():
            assert arguments.pop(0) == word
            command = command.commands[word]
        command.make_context(name, arguments)
        assert f"    {line.strip()}" in (command.help or "")
