"""Secrets: what a transform needs to know and nobody else is to read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from datavc.errors import InvalidInput, InvalidName

#: Bytes of one value, at most.
MAX_VALUE = 1 << 20
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}")


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """A secret without its values, which are never shown."""

    name: str
    #: Names of its values.
    keys: tuple[str, ...]
    author: str
    created_us: int


@dataclass(frozen=True, slots=True)
class SecretUse:
    """How a transform is given a secret: one value as a variable, or all as files in a folder."""

    name: str
    key: str = ""
    env_var: str = ""
    #: An absolute path in the container.
    mount_path: str = ""


def check_secret(name: str, values: Mapping[str, bytes]) -> None:
    """Make sure that a secret may be so.

    Raises:
        InvalidName: its name, or that of one of its values, is not allowed.
        InvalidInput: it has no value, or one that is too large.
    """
    if not _NAME.fullmatch(name):
        raise InvalidName(
            f"{name!r} cannot name a secret",
            hint="use up to 63 lower-case letters, digits, '-' and '.'",
        )
    if not values:
        raise InvalidInput(f"secret {name!r} has no value", hint="name one: KEY=FILE")
    for key, value in values.items():
        if not _KEY.fullmatch(key):
            raise InvalidName(
                f"{key!r} cannot name a value of a secret",
                hint="use letters, digits, '_', '-' and '.'",
            )
        if len(value) > MAX_VALUE:
            raise InvalidInput(f"the value {key!r} of secret {name!r} is above 1 MiB")
