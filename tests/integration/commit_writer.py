"""A process that commits to one branch that many write to, and to one of its own.

It says through a pipe which commits were acknowledged, each with its branch, path and content.
"""

from __future__ import annotations

import os
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from datavc.versioning.versioned_store import open_versioned_store
from tests.services.small_store import commit_files


def content(name: str, number: int) -> bytes:
    """What a writer's commit puts: small, or several chunks; no two alike."""
    return f"{name} {number} ".encode() * (50_000 if number % 3 == 1 else 1)


def write(
    home: str,
    database: str,
    store: str,
    environment: dict[str, str],
    name: str,
    commits: int,
    pipe: Pipe,
) -> None:
    """Open the store, wait until told to begin, and commit so often to each of both branches."""
    os.environ.update(environment)
    with open_versioned_store(Path(home), store or None, database_url=database or None) as vs:
        pipe.send("ready")
        pipe.recv()
        for number in range(commits):
            for branch in ("main", name):
                path = f"{name}/{number}"
                files = {path: content(name, number)}
                made = commit_files(vs, files, branch=branch, message=f"{branch} {path}")
                pipe.send((made.id, branch, path))
        pipe.send(None)
