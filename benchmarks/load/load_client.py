"""One client: it puts, commits, reads, lists, compares, and never waits between two operations."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import datavc
from benchmarks.load.content import content_of
from benchmarks.load.told import Landed, Taken, Told
from datavc.errors import Unavailable

_Result = TypeVar("_Result")

#: Folders that a client's files are spread over.
_FOLDERS = 20
#: The branch of each repo that all its clients commit to; each has one of its own besides.
SHARED = "main"
#: Seconds before a client that was refused since something was away begins anew.
_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client works."""

    url: str
    token: str
    repo: str
    #: Its own name, and that of its own branch.
    name: str
    #: When the run has begun and when it is over, by the clock that all processes share.
    begin: float
    end: float


class LoadClient:
    """See the module; :meth:`work` is its whole life."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._told = Told()
        self._chance = random.Random(place.name)
        self._count = 0
        #: What has landed on its own branch: commits with their files.
        self._own: list[Landed] = []
        self._steps: dict[Callable[[datavc.Client], None], int] = {
            self._put: 16,
            self._put_shared: 4,
            self._stage_and_commit: 8,
            self._read: 36,
            self._list: 16,
            self._diff: 12,
            self._log: 8,
        }

    def work(self) -> Told:
        """Work until the run is over; what there is to tell."""
        client: datavc.Client | None = None
        steps, weights = list(self._steps), list(self._steps.values())
        while time.monotonic() < self._place.end:
            try:
                if client is None:
                    client = datavc.connect(
                        self._place.url, token=self._place.token, author=self._place.name
                    )
                # Whoever reads needs something to read.
                (step,) = self._chance.choices(steps, weights) if self._own else [self._put]
                step(client)
            except Unavailable as error:
                self._told.refused.append((time.monotonic() - self._place.begin, str(error)))
                time.sleep(_PAUSE)
            except Exception:
                self._told.errors.append(traceback.format_exc())
                time.sleep(_PAUSE)
        if client is not None:
            client.close()
        return self._told

    def _put(self, client: datavc.Client) -> None:
        self._own.append(self._put_to(client, self._place.name, "put and commit"))

    def _put_shared(self, client: datavc.Client) -> None:
        self._put_to(client, SHARED, "put and commit, shared branch")

    def _put_to(self, client: datavc.Client, branch: str, kind: str) -> Landed:
        path = self._new_path()
        address = f"{self._place.repo}@{branch}:/{path}"
        self._told.unknown.append(path)
        done = self._timed(kind, lambda: client.put(content_of(path), address, message=path))
        return self._landed(branch, done.commit, path, [path])

    def _stage_and_commit(self, client: datavc.Client) -> None:
        branch, staged = self._place.name, []
        for _ in range(2):
            path = self._new_path()
            address = f"{self._place.repo}@{branch}:/{path}"
            self._timed("stage", lambda: client.put(content_of(path), address))  # noqa: B023
            self._told.staged.append((self._place.repo, branch, path))
            staged.append(path)
        message = self._new_path()
        self._told.unknown.append(message)
        commit = self._timed(
            "commit", lambda: client.commit(f"{self._place.repo}@{branch}", message)
        )
        del self._told.staged[-len(staged) :]
        self._own.append(self._landed(branch, commit.id, message, staged))

    def _read(self, client: datavc.Client) -> None:
        landed = self._chance.choice(self._own)
        path = self._chance.choice(landed.paths)
        address = f"{landed.repo}@{self._chance.choice((landed.branch, landed.commit))}:/{path}"
        found = self._timed("read", lambda: client.read(address))
        self._check(found == content_of(path), f"{address} holds other bytes")

    def _list(self, client: datavc.Client) -> None:
        landed = self._chance.choice(self._own)
        path = landed.paths[-1]
        folder = path.rpartition("/")[0]
        address = f"{landed.repo}@{landed.branch}:/{folder}/"
        found = self._timed("list", lambda: [one.path for one in client.ls(address)])
        self._check(path in found, f"{path} is missing in {address}")

    def _diff(self, client: datavc.Client) -> None:
        landed = self._chance.choice(self._own)
        address = f"{landed.repo}@{landed.commit}"
        found = self._timed("diff", lambda: {one.path for one in client.diff(address)})
        self._check(found >= set(landed.paths), f"{address} lacks {landed.paths}")

    def _log(self, client: datavc.Client) -> None:
        address = f"{self._place.repo}@{self._place.name}"
        found = self._timed("log", lambda: [one.id for one in client.log(address, limit=20)])
        self._check(self._own[-1].commit in found, f"{address} lacks its newest commit")

    def _timed(self, kind: str, operation: Callable[[], _Result]) -> _Result:
        begun = time.monotonic()
        result = operation()
        taken = Taken(kind, begun - self._place.begin, time.monotonic() - begun)
        self._told.taken.append(taken)
        return result

    def _new_path(self) -> str:
        self._count += 1
        return f"{self._place.name}/{self._count % _FOLDERS:02}/{self._count}"

    def _landed(self, branch: str, commit: str | None, message: str, paths: list[str]) -> Landed:
        assert commit is not None
        landed = Landed(self._place.repo, branch, commit, tuple(paths))
        self._told.unknown.remove(message)
        self._told.landed.append(landed)
        return landed

    def _check(self, holds: bool, problem: str) -> None:
        if not holds:
            self._told.errors.append(problem)
