"""Large folders are read while the rest of a command is still starting: for command lines.

Each of these is entered before :func:`datavc.connect`, and left once its verb is done.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from datavc.errors import DatavcError
from datavc.model.link_handling import LinkHandling
from datavc.versioning.folders_ahead import folders_ahead

if TYPE_CHECKING:
    from collections.abc import Sequence


def put_ahead(sources: Sequence[str], links: LinkHandling) -> AbstractContextManager[None]:
    """Read the folder that is about to be put, if it is one."""
    if len(sources) != 1 or not Path(sources[0]).is_dir():
        return nullcontext()
    return folders_ahead(os.fspath(Path(sources[0])), links)


def working_copy_ahead() -> AbstractContextManager[None]:
    """Read the working copy that the current folder is in, if it is in one."""
    from datavc.versioning.working_copy.copy_state import find_root

    try:
        root = find_root(Path())
    except DatavcError:
        return nullcontext()
    return folders_ahead(os.fspath(root), LinkHandling.KEEP)
