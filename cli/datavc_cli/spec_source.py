"""The options that name a pipeline's spec, and reading what they name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from datavc.errors import InvalidInput

SpecFile = Annotated[
    str,
    typer.Option(
        "--file",
        "-f",
        "--jsonnet",
        metavar="SPEC",
        help="The spec: YAML, JSON, or a template that ends in .jsonnet; - for stdin.",
    ),
]
TemplateArguments = Annotated[
    list[str] | None,
    typer.Option("--arg", metavar="NAME=VALUE", help="A parameter of a jsonnet template."),
]


def read_spec(named: str, arguments: Sequence[str] | None = None) -> str | Path:
    """What the SDK takes for the spec that the options name.

    Raises:
        InvalidInput: an argument is malformed or given twice, or there is no template to take it.
        NotFound, InvalidSpec: a template is missing, or cannot be evaluated.
    """
    from datavc.client.jsonnet import JSONNET_SUFFIX, evaluate_jsonnet

    if arguments:
        if not named.endswith(JSONNET_SUFFIX):
            raise InvalidInput(
                f"{named!r} takes no --arg", hint="a jsonnet template does, which ends in .jsonnet"
            )
        return evaluate_jsonnet(named, _parse(arguments)) + "\n"
    return sys.stdin.read() + "\n" if named == "-" else Path(named)


def _parse(arguments: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in arguments:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InvalidInput(f"{text!r} is no argument", hint="write --arg NAME=VALUE")
        if name in found:
            raise InvalidInput(f"the argument {name!r} is given twice")
        found[name] = value
    return found
