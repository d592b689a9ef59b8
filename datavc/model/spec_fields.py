"""Reading one object of a pipeline spec: fields are known, of the right type, named in full."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import NoReturn

from datavc.errors import InvalidName, InvalidSpec
from datavc.model.address import DEFAULT_BRANCH
from datavc.model.name import check_ref_name, check_repo_name

_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([numkMGTPE]|[KMGTPE]i)?")
_FACTOR = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1,
    "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip


class SpecFields:
    """The fields of one object in a spec, read one by one.

    Args:
        value: the object as parsed from YAML or JSON.
        path: where it stands, such as ``input.cross[1].pfs``; ``""`` for the whole spec.
        known: the fields that may be there.
        unsupported: fields of Pachyderm's that are understood, but not supported yet.

    Raises:
        InvalidSpec: *value* is not an object, or has a field that is unknown or not supported.
    """

    def __init__(
        self, value: object, path: str, known: Iterable[str], unsupported: Iterable[str] = ()
    ) -> None:
        self.path = path
        if not isinstance(value, Mapping):
            raise InvalidSpec(f"{path or 'the spec'} must be an object, not {_kind(value)}")
        self._values: dict[str, object] = {}
        allowed = tuple(known)
        for key, item in value.items():
            if key in allowed:
                if item is not None:
                    self._values[key] = item
            elif key in tuple(unsupported):
                raise InvalidSpec(
                    f"{self.at(key)} is not supported yet", hint="remove it from the spec"
                )
            else:
                self._refuse_unknown(str(key), allowed)

    def _refuse_unknown(self, key: str, allowed: tuple[str, ...]) -> NoReturn:
        close = difflib.get_close_matches(key, allowed, n=1)
        guess = f"; did you mean {self.at(close[0])}?" if close else ""
        raise InvalidSpec(
            f"{self.at(key)} is not a field{guess}",
            hint="" if close else f"the fields here are {', '.join(allowed)}",
        )

    def at(self, key: str) -> str:
        """The full path of the field *key*."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Whether the field is there, and not null."""
        return key in self._values

    def get(self, key: str) -> object:
        """The field as it was given; ``None`` when it is not there."""
        return self._values.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """A text field.

        Raises:
            InvalidSpec: it is missing without a *default*, or not text, or holds a NUL.
        """
        if key not in self._values and default is not None:
            return default
        if key not in self._values:
            raise InvalidSpec(f"{self.at(key)} is missing")
        return plain_text(self._values[key], self.at(key))

    def repo(self, key: str) -> str:
        """The name of a repo, or of a pipeline."""
        try:
            return check_repo_name(self.text(key))
        except InvalidName as error:
            raise InvalidSpec(f"{self.at(key)}: {error.message}", hint=error.hint) from None

    def branch(self, key: str) -> str:
        """The name of a branch; the default one when it is not there."""
        try:
            return check_ref_name(self.text(key, DEFAULT_BRANCH))
        except InvalidName as error:
            raise InvalidSpec(f"{self.at(key)}: {error.message}", hint=error.hint) from None

    def refuse_project(self) -> None:
        """Make sure that the field ``project`` names none but Pachyderm's default one."""
        project = self.get("project")
        name = project.get("name") if isinstance(project, Mapping) else project
        if name not in (None, "", "default"):
            raise InvalidSpec(
                f"{self.at('project')} other than 'default' is not supported yet",
                hint="remove it from the spec",
            )

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when it is not there."""
        return tuple(
            plain_text(item, f"{self.at(key)}[{index}]")
            for index, item in enumerate(self.items(key))
        )

    def items(self, key: str) -> list[object]:
        """A list; empty when it is not there."""
        value = self._values.get(key, [])
        if not isinstance(value, list):
            raise InvalidSpec(f"{self.at(key)} must be a list, not {_kind(value)}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """A true or false field."""
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            raise InvalidSpec(f"{self.at(key)} must be true or false, not {_kind(value)}")
        return value

    def count(self, key: str, default: int) -> int:
        """A whole number of at least 1; text digits are accepted, as Pachyderm does."""
        value = self._values.get(key, default)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InvalidSpec(f"{self.at(key)} must be a whole number of at least 1, not {value!r}")
        return value

    def seconds(self, key: str) -> float | None:
        """A duration such as ``90s`` or ``1h30m``, in seconds; ``None`` when it is not there."""
        if key not in self._values:
            return None
        value = self._values[key]
        parts = _DURATION_PART.findall(value) if isinstance(value, str) else []
        total = sum(float(number) * _SECONDS[unit] for number, unit in parts)
        if "".join(number + unit for number, unit in parts) != value or total <= 0:
            raise InvalidSpec(
                f"{self.at(key)} must be a duration above 0, not {value!r}",
                hint="write it as 90s, 5m or 1h30m",
            )
        return total

    def quantity(self, key: str) -> float | None:
        """A quantity as Kubernetes writes it (``500m``, ``64M``, ``1Gi``), in its base unit."""
        if key not in self._values:
            return None
        value = self._values[key]
        match = _QUANTITY.fullmatch(str(value))
        if match is None or isinstance(value, bool):
            raise InvalidSpec(
                f"{self.at(key)} must be a quantity, not {value!r}",
                hint="write it as 0.5, 500m, 64M or 1Gi",
            )
        amount = float(match[1]) * _FACTOR[match[2] or ""]
        if amount <= 0:
            raise InvalidSpec(f"{self.at(key)} must be above 0")
        return amount


def plain_text(value: object, path: str) -> str:
    """*value*, which must be text without NUL characters; *path* names it in the error."""
    if not isinstance(value, str):
        raise InvalidSpec(f"{path} must be text, not {_kind(value)}", hint="put it in quotes")
    if "\0" in value:
        raise InvalidSpec(f"{path} holds a NUL character")
    return value


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"
