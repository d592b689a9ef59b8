"""Options of the form ``NAME=VALUE``, given several times."""

from __future__ import annotations

from collections.abc import Sequence

from datavc.errors import InvalidInput


def split_named_values(texts: Sequence[str] | None, option: str) -> dict[str, str]:
    """Each name with its value; *option* is what messages call it.

    Raises:
        InvalidInput: one has no name or no ``=``, or a name comes twice.
    """
    found: dict[str, str] = {}
    for text in texts or ():
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise InvalidInput(f"{option} {text!r} has no name", hint=f"write {option} NAME=VALUE")
        if name in found:
            raise InvalidInput(f"{option} {name!r} is given twice", hint="give it once")
        found[name] = value
    return found
