"""Looking whether the sources of all external files are there as they were imported."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from datavc.client.base import ClientBase
from datavc.client.space_transport import SpaceProgress
from datavc.errors import AccessDenied, DatavcError, Expired, NotFound, Purged
from datavc.model.collection import Problem
from datavc.model.commit import TreeRef
from datavc.model.entry import Entry, EntryKind
from datavc.model.tree.node import Leaf
from datavc.store.external.problem import naming
from datavc.store.external.record import read_external

_THREADS = 8
_IN_FLIGHT = 64
#: More commits than any history has.
_ALL = 1 << 62

#: A file as people name it, with its entry.
_Named = tuple[str, Entry]


def check_externals(
    client: ClientBase, progress: SpaceProgress | None
) -> tuple[int, list[Problem]]:
    """Look at the source of every external file of every commit that a ref leads to.

    Sources are looked at from here, with this process's own credentials; each version once.

    Returns:
        How many were looked at, and what is wrong with some.
    """
    problems: list[Problem] = []
    count = 0
    pending: deque[tuple[str, Future[None]]] = deque()

    def settle() -> None:
        name, future = pending.popleft()
        try:
            future.result()
        except Purged:
            return
        except DatavcError as error:
            problems.append(Problem("external", name, error.message))

    with ThreadPoolExecutor(_THREADS, "datavc-external") as pool:
        for name, entry in _external_files(client):
            count += 1
            if progress:
                progress("external files", 1)
            pending.append((name, pool.submit(_check, client, name, entry)))
            if len(pending) >= _IN_FLIGHT:
                settle()
        while pending:
            settle()
    return count, problems


def _check(client: ClientBase, name: str, entry: Entry) -> None:
    objects = client.transport.objects
    external = read_external(objects, entry)
    with naming(name):
        try:
            objects.sources.check(external)
        except (AccessDenied, NotFound) as error:
            text = f"its source {external.uri} cannot be read: {error.message}"
            raise type(error)(text, hint=error.hint) from None


def _external_files(client: ClientBase) -> Iterator[_Named]:
    """External files of all commits; each version of each source once."""
    nodes: set[bytes] = set()
    seen: set[bytes] = set()
    for info in client.transport.list_repos():
        for tree in _trees(client, info.name):
            for path, entry in _below(client, tree, nodes):
                if entry.digest not in seen:
                    seen.add(entry.digest)
                    yield f"{info.name}:/{path}", entry


def _trees(client: ClientBase, repo: str) -> Iterator[TreeRef]:
    transport = client.transport
    heads = [branch.head for branch in transport.list_branches(repo)]
    pending = [head for head in heads if head is not None]
    pending += [tag.commit for tag in transport.list_tags(repo)]
    seen: set[str] = set()
    while pending:
        start = pending.pop()
        if start in seen:
            continue
        for commit in transport.log(repo, start, _ALL):
            if commit.id in seen:
                break
            seen.add(commit.id)
            pending += commit.parents[1:]
            try:
                yield transport.tree(repo, commit.id)
            except Expired:
                continue


def _below(client: ClientBase, tree: TreeRef, seen: set[bytes]) -> Iterator[_Named]:
    """The external files of a tree, without the parts that were walked before."""
    if tree.location is None:
        return
    pending = [(tree.digest, tree.location)]
    while pending:
        digest, location = pending.pop()
        if digest in seen:
            continue
        seen.add(digest)
        node = client.nodes.load(digest, location)
        if isinstance(node, Leaf):
            for path, entry in zip(node.paths, node.entries(), strict=True):
                if entry.kind is EntryKind.EXTERNAL:
                    yield path, entry
            continue
        children = (node.child(index) for index in range(len(node)))
        pending += [(child.digest, child.location) for child in children]
