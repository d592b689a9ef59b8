"""Names that differ in case alone, on file systems that take them for one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from datavc.errors import InvalidPath
from datavc.model.ids import new_id
from datavc.versioning.unwritable import unwritable


def check_case(folder: str, paths: Iterable[str]) -> None:
    """Make sure that no two *paths* differ in case alone.

    Raises:
        InvalidPath: two do; they are named.
    """
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.setdefault(path.casefold(), path)
        if other != path:
            raise InvalidPath(
                f"/{other} and /{path} are one name in {folder!r}",
                hint="use a folder that tells upper and lower case apart",
            )


def folds_case(folder: str) -> bool:
    """Whether the file system takes names that differ in case alone for one.

    Raises:
        Unavailable, OutOfSpace: the folder cannot be written.
    """
    probe = Path(folder) / f".datavc-case-{new_id()}"
    try:
        probe.touch()
        return probe.with_name(probe.name.upper()).exists()
    except OSError as error:
        raise unwritable(folder, error) from None
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
