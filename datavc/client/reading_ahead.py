"""Large folders are read while the rest of a command is still starting: for command lines.

Each of these is entered before :func:`datavc.connect`, and left once its verb is done.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from datavc.errors import DatavcError
from datavc.model.link_handling import LinkHandling
from datavc.versioning.folders_ahead import folders_ahead, pays
from datavc.versioning.working_copy.copy_state import find_root, locked_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def put_ahead(sources: Sequence[str], links: LinkHandling) -> Iterator[None]:
    """Read the folder that is about to be put, if it is a large one."""
    with ExitStack() as stack:
        if len(sources) == 1 and Path(sources[0]).is_dir():
            top = os.fspath(Path(sources[0]))
            if pays(top, links):
                stack.enter_context(folders_ahead(top, links))
        yield


@contextmanager
def working_copy_ahead(folder: str = ".") -> Iterator[None]:
    """Read the working copy that *folder* is in, if it is in a large one.

    Its lock is taken before that: another command, which ends meanwhile, would leave other files.
    """
    with ExitStack() as stack:
        # Whoever needs the working copy says what is wrong with it.
        with suppress(DatavcError):
            root = find_root(Path(folder))
            if pays(os.fspath(root), LinkHandling.KEEP):
                stack.enter_context(locked_ahead(root))
                stack.enter_context(folders_ahead(os.fspath(root), LinkHandling.KEEP))
        yield
