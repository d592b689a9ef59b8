"""Clients that write through a server while it is killed, and take down what it acknowledged."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field

import datavc
from datavc.errors import AlreadyExists, Unavailable


@dataclass
class Told:
    """What the clients were told. Safe to share between threads."""

    #: Files that must be on the branch.
    files: dict[str, bytes] = field(default_factory=dict)
    #: Files that must be staged or committed, by branch and path.
    staged: dict[tuple[str, str], bytes] = field(default_factory=dict)
    #: Files that may be there, and then must be whole: nobody knows if they landed.
    unknown: dict[str, bytes] = field(default_factory=dict)
    #: Commits that must be in the history, by id, with their messages.
    commits: dict[str, str] = field(default_factory=dict)
    #: Tags that must be there, and the commits that they name.
    tags: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class HttpClient:
    """One client. Every step either is acknowledged, or fails with an error that says so.

    Args:
        name: its own; the files that it writes are below it.
        url: the server's.
        told: where to note what was acknowledged.
    """

    def __init__(self, name: str, url: str, told: Told) -> None:
        self._name = name
        self._url = url
        self._told = told
        self._number = 0

    def work(self, over: threading.Event) -> None:
        """Write until *over*, and finish the step that is begun."""
        steps = (self._put_at_once, self._stage_and_commit, self._merge, self._tag)
        client = self._connect()
        try:
            while not over.is_set():
                try:
                    steps[self._number % len(steps)](client, f"{self._name}/{self._number}")
                except Unavailable:
                    # The way to the store may have changed with the server.
                    client.close()
                    client = self._connect()
                self._number += 1
        finally:
            client.close()

    def _connect(self) -> datavc.Client:
        while True:
            try:
                return datavc.connect(self._url, author=self._name)
            except Unavailable:
                continue

    def _content(self) -> bytes:
        noise = random.Random(f"{self._name} {self._number}")
        return noise.randbytes((20, 300_000, 1_500_000)[self._number // 4 % 3])

    def _put_at_once(self, client: datavc.Client, path: str) -> None:
        data = self._write(path)
        done = client.put(data, f"data:/{path}", message=path)
        self._landed(path, done.commit)

    def _stage_and_commit(self, client: datavc.Client, path: str) -> None:
        branch = f"own-{self._name}"
        self._make_branch(client, branch)
        data = self._write(path)
        client.put(data, f"data@{branch}:/{path}")
        with self._told.lock:
            self._told.staged[branch, path] = data
        commit = client.commit(f"data@{branch}", message=path)
        client.merge(f"data@{branch}", "main")
        self._landed(path, commit.id)

    def _merge(self, client: datavc.Client, path: str) -> None:
        branch = f"side-{path}"
        self._make_branch(client, branch)
        data = self._write(path)
        done = client.put(data, f"data@{branch}:/{path}", message=path)
        client.merge(f"data@{branch}", "main")
        self._landed(path, done.commit)
        client.delete_branch("data", branch)

    def _tag(self, client: datavc.Client, path: str) -> None:
        head = client.resolve("data@main").id
        client.create_tag("data", path, target=head)
        with self._told.lock:
            self._told.tags[path] = head

    def _make_branch(self, client: datavc.Client, branch: str) -> None:
        try:
            client.create_branch("data", branch, start="main")
        except AlreadyExists:
            return

    def _write(self, path: str) -> bytes:
        data = self._content()
        with self._told.lock:
            self._told.unknown[path] = data
        return data

    def _landed(self, path: str, commit: str | None) -> None:
        assert commit is not None
        with self._told.lock:
            self._told.files[path] = self._told.unknown.pop(path)
            self._told.commits[commit] = path
