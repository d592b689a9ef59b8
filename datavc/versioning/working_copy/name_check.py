"""Whether a folder's file system can hold given names, looked at before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from datavc.errors import InvalidPath
from datavc.versioning.working_copy.comparison import STATE_FOLDER

#: Names of so many characters fit everywhere.
_SHORT = 60


def check_names(folder: Path, paths: Iterable[str]) -> None:
    """Make sure that *paths* can be files below *folder*.

    Raises:
        InvalidPath: one cannot; it is named.
    """
    longest_name = os.pathconf(folder, "PC_NAME_MAX")
    room = os.pathconf(folder, "PC_PATH_MAX") - len(os.fsencode(folder.absolute())) - 2
    for path in paths:
        if path.startswith(f"{STATE_FOLDER}/"):
            raise InvalidPath(
                f"/{path} cannot be checked out: {STATE_FOLDER} is datavc's own folder",
                hint="check out another folder of the repo, or use `datavc get`",
            )
        if len(path) <= _SHORT:
            continue
        if len(os.fsencode(path)) > room:
            raise InvalidPath(
                f"/{path} is too long for {str(folder)!r}", hint="use a folder nearer to the root"
            )
        if max(len(os.fsencode(name)) for name in path.split("/")) > longest_name:
            raise InvalidPath(
                f"/{path} has a name of more than {longest_name} bytes, which {str(folder)!r} "
                "cannot hold"
            )
