"""Reading one object of a pipeline spec: fields are known, of the right type, named in full."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NoReturn

from datavc.errors import InvalidName, InvalidSpec
from datavc.model.address import DEFAULT_BRANCH
from datavc.model.duration import parse_duration
from datavc.model.name import check_ref_name, check_repo_name
from datavc.model.size import parse_size

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
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
        unsupported: fields of Pachyderm's that are understood, but not supported; where it is an
            object, each with what to do instead.

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
                if item in (None, False, ""):
                    continue  # as in specs that Pachyderm printed
                instead = unsupported[key] if isinstance(unsupported, Mapping) else ""
                raise InvalidSpec(
                    f"{self.at(key)} is not supported yet",
                    hint=instead or "remove it from the spec",
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

    def repo(self, key: str, default: str | None = None) -> str:
        """The name of a repo, or of a pipeline."""
        try:
            return check_repo_name(self.text(key, default))
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

    def text_map(self, key: str) -> dict[str, str]:
        """An object of texts; empty when it is not there."""
        value = self._values.get(key, {})
        if not isinstance(value, Mapping):
            raise InvalidSpec(f"{self.at(key)} must be an object, not {_kind(value)}")
        return {
            str(name): plain_text(item, f"{self.at(key)}.{name}") for name, item in value.items()
        }

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
        total = parse_duration(value) if isinstance(value, str) else None
        if total is None:
            raise InvalidSpec(
                f"{self.at(key)} must be a duration above 0, not {value!r}",
                hint="write it as 90s, 5m or 1h30m",
            )
        return total

    def bytes(self, key: str) -> int | None:
        """A size such as ``64M``, ``1Gi`` or ``10MB``; ``None`` when it is not there."""
        if key not in self._values:
            return None
        size = parse_size(str(self._values[key]))
        if size is None or isinstance(self._values[key], bool):
            raise InvalidSpec(
                f"{self.at(key)} must be a size above 0, not {self._values[key]!r}",
                hint="write it as 1048576, 64M, 1Gi or 10MB",
            )
        return size

    def moment(self, key: str) -> int | None:
        """A time with its zone, in microseconds since the epoch; ``None`` when it is not there."""
        if key not in self._values:
            return None
        text = self.text(key)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise InvalidSpec(
                f"{self.at(key)} must be a time with its zone, not {text!r}",
                hint="write it as 2026-11-01T00:00:00Z or 2026-11-01T00:00:00+01:00",
            )
        return round(found.timestamp()) * 1_000_000

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


def check_variable(name: str, path: str) -> None:
    """Refuse what cannot be a variable of a transform; *path* names it in the error."""
    if not _VARIABLE.fullmatch(name):
        raise InvalidSpec(f"{path} is not the name of a variable")
    if name.startswith(("DATAVC_", "PACH_")):
        raise InvalidSpec(f"{path} is set by datavc itself", hint="choose another name")


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
