"""What the processes do that are killed: writing, merging, deleting, collecting, purging.

Each says through a pipe what was acknowledged to it.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from datavc.db import outbox
from datavc.errors import Collected, Conflict, DatabaseUnavailable, NotFound, NothingStaged
from datavc.model.ids import digest_of
from datavc.versioning import branches, purge, repos, upkeep_turn
from datavc.versioning.commits import commit_staged
from datavc.versioning.gc import collect_garbage
from datavc.versioning.merges import merge
from datavc.versioning.staging import stage
from datavc.versioning.undo import undo
from datavc.versioning.versioned_store import VersionedStore, open_versioned_store
from tests.services.small_store import commit_files, store_changes

Tell = Callable[[tuple[str, str]], None]

#: A turn of a killed collector is over soon, so that others collect, too.
_TURN_S = 0.2
#: A pack is worth rewriting where so much of it is not in use.
DEAD_BYTES = 50_000

#: The parent of those whose own is gone: nobody is left to kill them.
_NOBODY = 1


def content(name: str, number: int) -> bytes:
    """What file *number* of writer *name* holds: small, several chunks, or a part of others'."""
    if number % 4 == 1:
        return b"".join(random.Random(part).randbytes(100_000) for part in (number % 8, number))
    return f"{name} {number} ".encode() * (20_000 if number % 4 == 2 else 1)


def kept_content(name: str, number: int) -> bytes:
    """What outlives repo *number* of *name*, in a pack that is worth rewriting for the rest."""
    return random.Random(f"kept {name} {number}").randbytes(100_000)


def secret(name: str, number: int) -> bytes:
    """What is purged: a piece that another file shares, and one that is nobody else's."""
    own = random.Random(f"secret {name} {number}").randbytes(150_000)
    return kept_content(name, number) + own


def work(
    kind: str,
    home: str,
    database: str,
    store: str,
    environment: dict[str, str],
    name: str,
    pipe: Pipe,
) -> None:
    """Open the store and go on until killed."""
    os.environ.update(environment)
    upkeep_turn._LASTS_S = _TURN_S  # type: ignore[assignment]
    upkeep_turn._EXTENDED_EVERY_S = _TURN_S / 4  # type: ignore[assignment]
    with open_versioned_store(Path(home), store or None, database_url=database or None) as vs:
        pipe.send(("ready", ""))
        steps = {"write": _write, "scratch": scratch, "collect": _collect, "purge": _purge}
        number = 0
        while True:
            steps[kind](vs, name, number, pipe.send)
            number += 1


def _write(vs: VersionedStore, name: str, number: int, tell: Tell) -> None:
    path = f"{name}/{number}"
    files = {path: content(name, number)}
    if number % 3 == 0:
        _again(lambda: stage(vs, "data", "main", store_changes(vs, files), author=name))
        tell(("staged", path))
        # Another writer's commit may have taken it up.
        with contextlib.suppress(NothingStaged):
            commit_staged(vs, "data", "main", message=path, author=name)
    elif number % 3 == 1:
        _again(lambda: commit_files(vs, files, message=path))
    else:
        branch = f"side-{name}-{number}"
        branches.create_branch(vs, "data", branch, start="main", author=name)
        _again(lambda: commit_files(vs, files, branch=branch))
        _again(lambda: merge(vs, "data", branch, "main", author=name))
        branches.delete_branch(vs, "data", branch, author=name)
    tell(("committed", path))


def scratch(vs: VersionedStore, name: str, number: int, tell: Tell) -> None:
    """Make garbage that shares a pack with what is kept."""
    repo = f"{name}-{number}"
    repos.create_repo(vs, repo, author=name)
    path = f"{name}/{number}"
    kept = kept_content(name, number)
    gone = random.Random(f"gone {path}").randbytes(400_000)
    _again(lambda: commit_files(vs, {"gone": gone, "kept": kept}, repo=repo))
    _again(lambda: commit_files(vs, {"more": f"{number}".encode()}, repo=repo))
    undo(vs, repo, "main", author=name)
    _again(lambda: commit_files(vs, {path: kept}))
    tell(("kept", path))
    repos.delete_repo(vs, repo, author=name)


def _collect(vs: VersionedStore, name: str, _number: int, _tell: Tell) -> None:
    with contextlib.suppress(Conflict, DatabaseUnavailable):
        forget_events(vs, name)
        collect_garbage(vs, grace_s=0, unreachable_keep_s=-1, dead_bytes=DEAD_BYTES)


def forget_events(vs: VersionedStore, name: str) -> None:
    """Let no event keep a commit that nothing else leads to."""
    with vs.db.write() as conn:
        events = outbox.claim(conn, name, 60)
        outbox.ack(conn, name, [event.id for event in events])


def _purge(vs: VersionedStore, name: str, number: int, tell: Tell) -> None:
    path = f"{name}/{number}"
    data = secret(name, number)
    files: dict[str, bytes | None] = {path: kept_content(name, number), f"secret/{path}": data}
    _again(lambda: commit_files(vs, files))
    tell(("kept", path))
    tell(("secret", path))
    done = False
    while not done:
        # Collectors take their turns, too.
        with contextlib.suppress(Conflict, DatabaseUnavailable):
            purge.purge(vs, {digest_of(data)}, subject=path, author=name)
            done = True
    tell(("purged", path))


def _again(step: Callable[[], object]) -> None:
    """What was collected before it landed is written again, and what others changed, too."""
    while True:
        try:
            step()
        except (Collected, NotFound):
            if os.getppid() == _NOBODY:
                raise
            continue
        return
