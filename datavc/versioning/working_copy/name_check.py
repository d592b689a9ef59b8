"""Whether a folder's file system can hold given names, looked at before anything is written."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from datavc.errors import InvalidPath
from datavc.model.ids import new_id
from datavc.versioning.name_case import check_case, folds_case
from datavc.versioning.working_copy.copy_state import STATE_FOLDER

#: Names of so many characters fit everywhere.
_SHORT = 60
#: What some file systems refuse in a name, or at its end.
_REFUSED_BY_SOME = re.compile(r'[\x01-\x1f:*?"<>|\\]|[ .](?=/|$)')


def check_names(
    folder: Path, paths: Iterable[str], everything: Callable[[], Iterable[str]]
) -> None:
    """Make sure that *paths* can be files below *folder*.

    Args:
        folder: a folder.
        paths: what is to be written there.
        everything: gives all that is to be there afterwards; asked for where the file system takes
            names that differ in case alone for one.

    Raises:
        InvalidPath: one cannot; it is named.
    """
    longest_name = os.pathconf(folder, "PC_NAME_MAX")
    room = os.pathconf(folder, "PC_PATH_MAX") - len(os.fsencode(folder.absolute())) - 2
    can_hold: dict[str, bool] = {}
    for path in paths:
        # Whatever the case: a file system may take it for the same.
        if path[: len(STATE_FOLDER)].casefold() == STATE_FOLDER:
            _check_not_own(path)
        for found in _REFUSED_BY_SOME.findall(path):
            if found not in can_hold:
                can_hold[found] = _can_hold(folder, found)
            if not can_hold[found]:
                raise InvalidPath(
                    f"the file system of {str(folder)!r} cannot hold {found!r} in a name, as in "
                    f"/{path}"
                )
        if len(path) > _SHORT:
            _check_length(folder, path, longest_name, room)
    if folds_case(str(folder)):
        check_case(str(folder), everything())


def _check_not_own(path: str) -> None:
    if path.partition("/")[0].casefold() == STATE_FOLDER:
        raise InvalidPath(
            f"/{path} cannot be checked out: {STATE_FOLDER} is datavc's own folder",
            hint="check out another folder of the repo, or use `datavc get`",
        )


def _check_length(folder: Path, path: str, longest_name: int, room: int) -> None:
    if len(os.fsencode(path)) > room:
        raise InvalidPath(
            f"/{path} is too long for {str(folder)!r}", hint="use a folder nearer to the root"
        )
    if max(len(os.fsencode(name)) for name in path.split("/")) > longest_name:
        raise InvalidPath(
            f"/{path} has a name of more than {longest_name} bytes, which {str(folder)!r} "
            "cannot hold"
        )


def _can_hold(folder: Path, ending: str) -> bool:
    probe = folder / f".datavc-name-{new_id()}{ending}"
    try:
        probe.touch()
        # Some drop what they do not like at the end of a name.
        return any(name == probe.name for name in os.listdir(folder))
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
