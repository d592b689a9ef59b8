"""The store's own folder, where this process can reach it: no bytes pass through the server."""

from __future__ import annotations

import hmac
import os
import re
from pathlib import Path

from datavc.store.backends.local import LocalBackend

#: Folder in the store where a server leaves a random file to be found.
PROBE_FOLDER = ".probe"

_NAME = re.compile("[0-9a-f]{32}")
_SECRET = re.compile("[0-9a-f]{64}")


def open_direct(folder: str, probe: str, secret: str) -> LocalBackend | None:
    """The store in *folder*, or ``None`` when that is not the one that the server means.

    Args:
        folder: where the server says that its store is.
        probe: name of the file that it left there.
        secret: what that file must hold. Names and contents have a fixed form, so that a server
            elsewhere cannot pass off some folder of this machine as its own.
    """
    root = Path(folder)
    if not root.is_absolute() or not _NAME.fullmatch(probe) or not _SECRET.fullmatch(secret):
        return None
    try:
        found = (root / PROBE_FOLDER / probe).read_bytes()
    except OSError:
        return None
    if not hmac.compare_digest(found, secret.encode()):
        return None
    places = [root, *(path for path in (root / "packs", root / ".tmp") if path.is_dir())]
    if not all(os.access(path, os.W_OK | os.X_OK) for path in places):
        return None
    return LocalBackend(root)
