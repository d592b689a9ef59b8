"""What an engine does first: it makes the jobs of what has landed."""

from __future__ import annotations

from datavc.engine.triggers import handle_some
from datavc.versioning.versioned_store import VersionedStore


def make_jobs(vs: VersionedStore) -> None:
    """Make the jobs of all that has landed, and run none of them."""
    with vs.db.write() as conn:
        while handle_some(vs, conn, "test", {}):
            pass
