"""The pieces of work that are measured. Each runs in a process of its own on a home of n files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.growth.figure import Figure
from benchmarks.growth.repo import make_first_commit, path_of
from datavc import Client

#: Files that the second commit, and each side of the merge, changes.
CHANGED = 100
#: One-file commits that are measured; the first one, which reads the tree, is not.
_COMMITS = 15
_LISTS = 5


def first_commit(client: Client, home: Path, files: int) -> Figure:
    """Put and commit all files at once."""
    del home
    client.create_repo("data")
    return _measure(lambda: make_first_commit(client, files))


def one_file(client: Client, home: Path, files: int) -> Figure:
    """Put and commit one file that is there already, with other content."""
    del home
    numbers = [(files // (_COMMITS + 1)) * at for at in range(1, _COMMITS + 1)]
    _put(client, files // 2 + 1)
    figures = [_measure(lambda number=number: _put(client, number)) for number in numbers]
    return Figure.median_of(figures)


def list_folder(client: Client, home: Path, files: int) -> Figure:
    """List one folder of the newest commit."""
    del home
    folders = [path_of((files // (_LISTS + 1)) * at).rpartition("/")[0] for at in range(_LISTS)]
    next(iter(client.ls("data:/")))
    figures = [
        _measure(lambda folder=folder: sum(1 for _ in client.ls(f"data:/{folder}")))
        for folder in folders
    ]
    return Figure.median_of(figures)


def diff(client: Client, home: Path, files: int) -> Figure:
    """List what 100 files spread over the repo changed."""
    del home
    _change(client, "data:/", files, 0)
    client.resolve("data")
    return _measure(lambda: sum(1 for _ in client.diff("data@main~1", "data@main")))


def merge(client: Client, home: Path, files: int) -> Figure:
    """Merge two branches that changed 100 files each."""
    del home
    client.create_branch("data", "side", start="main")
    _change(client, "data@side:/", files, 1)
    _change(client, "data@main:/", files, 2)
    return _measure(lambda: client.merge("data", "side", "main"))


def gc_first(client: Client, home: Path, files: int) -> Figure:
    """Mark everything: the first collection, or one without what earlier ones kept."""
    del files
    for kept in (home / "cache").glob("marks-*"):
        kept.unlink()
    return _measure(client.gc)


def gc_next(client: Client, home: Path, files: int) -> Figure:
    """Collect again after a commit of one file."""
    del home
    _put(client, files // 3)
    return _measure(client.gc)


WORKS: dict[str, Callable[[Client, Path, int], Figure]] = {
    "first commit": first_commit,
    "one-file commit": one_file,
    "listing a folder": list_folder,
    "diff of 100 changed files": diff,
    "merge of 100 and 100 changed files": merge,
    "gc, the first one": gc_first,
    "gc after a commit": gc_next,
}


def _put(client: Client, number: int) -> None:
    client.put(os.urandom(1000), f"data:/{path_of(number)}", message="one file")


def _change(client: Client, where: str, files: int, shift: int) -> None:
    for at in range(CHANGED):
        client.put(os.urandom(100), f"{where}{path_of(files // CHANGED * at + shift)}")
    client.commit(where.removesuffix(":/"), "changed")


def _measure(work: Callable[[], object]) -> Figure:
    before, start = _written(), time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    return Figure(seconds, _written() - before, _peak())


def _written() -> int:
    """Bytes that this process has handed to the system to be written."""
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("wchar:"):
            return int(line.split()[1])
    return 0


def _peak() -> int:
    """The most memory that this process has held, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
