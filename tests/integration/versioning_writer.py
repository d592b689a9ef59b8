"""A process that puts and commits numbered files until it is killed, saying what was acknowledged.

Run as ``python versioning_writer.py HOME DATABASE_URL NAME COUNT``.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from datavc.errors import NothingStaged
from datavc.versioning.commits import commit_staged
from datavc.versioning.staging import stage
from datavc.versioning.versioned_store import open_versioned_store

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.services.small_store import commit_files, store_changes


def content(name: str, number: int) -> bytes:
    """What file *number* of writer *name* holds: sometimes small, sometimes several chunks."""
    return f"{name} {number} ".encode() * (1 if number % 5 else 60_000)


def main(home: str, database: str, name: str, count: int) -> None:
    with open_versioned_store(Path(home), database_url=database or None) as vs:
        print("ready", flush=True)
        for number in range(count):
            files = {f"{name}/{number}": content(name, number)}
            if number % 3:
                commit_files(vs, files, message=f"{name} {number}")
            else:
                stage(vs, "data", "main", store_changes(vs, files), author=name)
                print(f"staged {number}", flush=True)
                # Another writer's commit may have taken it up.
                with contextlib.suppress(NothingStaged):
                    commit_staged(vs, "data", "main", message=f"{name} {number}", author=name)
            print(f"committed {number}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
