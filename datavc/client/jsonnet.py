"""Pipeline specs as jsonnet templates: evaluated here, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from datavc.errors import DatavcError, InvalidSpec, NotFound

#: What the name of a template's file ends in.
JSONNET_SUFFIX = ".jsonnet"


def evaluate_jsonnet(path: str | Path, arguments: Mapping[str, str] | None = None) -> str:
    """The specs that a template makes, as JSON.

    A template that is a function is called with *arguments*, which are texts: ``std.parseInt``
    makes numbers of them. What it imports is looked for beside it.

    Args:
        path: the template's file.
        arguments: by the names of the function's parameters.

    Raises:
        NotFound: there is no such file.
        InvalidSpec: it is no jsonnet, or fails, or lacks an argument.
        DatavcError: the package for it is not installed.
    """
    try:
        import rjsonnet
    except ImportError:
        raise DatavcError(
            "a jsonnet template needs a package that is not installed",
            hint='pip install "datavc[jsonnet]"',
        ) from None
    if not Path(path).is_file():
        raise NotFound(f"there is no file {str(path)!r}", hint="give the path of a template")
    try:
        return rjsonnet.evaluate_file(str(path), tla_vars=dict(arguments or {}))
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise InvalidSpec(
            f"{str(path)!r} cannot be evaluated: {', '.join(lines)}",
            hint="give its parameters with --arg NAME=VALUE",
        ) from None
