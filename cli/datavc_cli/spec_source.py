"""The option that names a pipeline's spec, and reading what it names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

SpecFile = Annotated[
    str,
    typer.Option("--file", "-f", metavar="SPEC", help="The spec: YAML or JSON; - for stdin."),
]


def read_spec(named: str) -> str | Path:
    """What the SDK takes for the spec that the option names."""
    return sys.stdin.read() + "\n" if named == "-" else Path(named)
