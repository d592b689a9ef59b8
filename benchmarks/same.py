"""Whether what came out is what went in."""

from __future__ import annotations

import filecmp
import os
from pathlib import Path


def check_same(source: Path, copy: Path) -> str:
    """Compare two files, or two folders with all they hold, byte by byte.

    Raises:
        AssertionError: they differ.
    """
    if source.is_file():
        assert filecmp.cmp(source, copy, shallow=False), f"{copy} differs"
        return "equal byte for byte"
    names = _names(source)
    assert names == _names(copy), f"{copy} holds other files"
    _, different, failed = filecmp.cmpfiles(source, copy, names, shallow=False)
    assert not different, f"{different[0]} differs"
    assert not failed, f"{failed[0]} cannot be compared"
    return "equal byte for byte"


def _names(folder: Path) -> list[str]:
    return sorted(
        str(Path(root, name).relative_to(folder))
        for root, _, names in os.walk(folder)
        for name in names
    )
