"""A random file in the store's folder: who can read it there is on the same disk."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from datavc.client.direct import PROBE_FOLDER
from datavc.store.backend import Backend
from datavc.store.backends.local import LocalBackend


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe that lies in a store's folder until it is removed."""

    #: The store's folder.
    folder: Path
    #: Name of the file in :data:`~datavc.client.direct.PROBE_FOLDER` below it.
    name: str
    #: What the file holds.
    secret: str

    def remove(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            (self.folder / PROBE_FOLDER / self.name).unlink()


def place_probe(backend: Backend) -> Probe | None:
    """Write a probe into the store's folder; ``None`` where there is none, or it is read-only."""
    if not isinstance(backend, LocalBackend):
        return None
    probe = Probe(backend.root, secrets.token_hex(16), secrets.token_hex(32))
    folder = backend.root / PROBE_FOLDER
    try:
        folder.mkdir(exist_ok=True)
        (folder / probe.name).write_text(probe.secret)
    except OSError:
        return None
    return probe
