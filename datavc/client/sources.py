"""Which local files a ``put`` means, and which path each of them gets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from datavc.errors import InvalidInput, InvalidPath, NotFound
from datavc.model.glob import Glob
from datavc.versioning.elsewhere.target_name import inside, named
from datavc.versioning.ingest import LocalSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GLOB_CHARACTERS = frozenset("*?[{")


def plan_sources(
    sources: Sequence[str | Path], target: str, *, recursive: bool, target_is_folder: bool
) -> list[LocalSource]:
    """Read *sources* as ``cp -r`` and ``rsync`` would, but for one rule that decides it all.

    A *target* that is the root or ends in ``/`` is a folder to put into; any other one is the new
    name of the only source. A folder given as ``folder/`` or ``.`` stands for what it holds. A
    glob keeps the folders below its fixed part.

    Args:
        sources: paths; a text that names no file may be a glob.
        target: the path in the repo.
        recursive: whether folders may be put.
        target_is_folder: whether *target* is a folder already, so that files go into it.

    Raises:
        NotFound: a source does not exist, or a glob matches nothing.
        InvalidInput: a folder without *recursive*, or several sources and one name for them.
    """
    if not sources:
        raise InvalidInput("there is nothing to put", hint="name a file, or - for standard input")
    several = len(sources) > 1
    # A folder that is named keeps that name whether or not it is there already: putting it again
    # must not put it inside itself.
    folder_goal = inside(target) if several else target
    file_goal = inside(target) if several or target_is_folder else target
    planned: list[LocalSource] = []
    for source in sources:
        if isinstance(source, str) and _is_glob(source):
            planned += _expand(source, inside(target), recursive=recursive)
        elif Path(source).is_dir():
            planned.append(_plan_folder(source, folder_goal, recursive=recursive))
        else:
            planned.append(_plan_file(source, file_goal))
    # A source that was named twice is one.
    return list(dict.fromkeys(planned))


def check_file_target(target: str) -> str:
    """The path for content that has no name of its own.

    Raises:
        InvalidPath: *target* is a folder.
    """
    if not target or target.endswith("/"):
        raise InvalidPath(
            "what is put here has no name of its own", hint="give the file's whole path"
        )
    return target


def _is_glob(text: str) -> bool:
    return not _GLOB_CHARACTERS.isdisjoint(text) and not os.path.lexists(text)


def _plan_file(source: str | Path, goal: str) -> LocalSource:
    path = Path(source)
    if not os.path.lexists(path):
        raise NotFound(f"there is no file {str(source)!r}", hint="check the path")
    return LocalSource(path, named(goal, path.name), is_folder=False)


def _plan_folder(source: str | Path, goal: str, *, recursive: bool) -> LocalSource:
    if not recursive:
        raise InvalidInput(f"{str(source)!r} is a folder", hint="put it with -r")
    text = str(source)
    stands_for_contents = text in (".", "..") or text.endswith(("/", "/.", "/.."))
    target = goal.rstrip("/") if stands_for_contents else named(goal, Path(source).name)
    return LocalSource(Path(source), target, is_folder=True)


def _expand(pattern: str, into: str, *, recursive: bool) -> Iterator[LocalSource]:
    glob = Glob(pattern)
    root = "/" if pattern.startswith("/") else ""
    base = glob.prefix.rpartition("/")[0]
    hidden = "/." in f"/{pattern[len(root) + len(base) :].lstrip('/')}"
    found = False
    for path, is_folder in _walk(f"{root}{base}", glob, hidden=hidden):
        if glob.match(path.lstrip("/")) is None or (is_folder and not recursive):
            continue
        found = True
        below = path.removeprefix(root).removeprefix(base).lstrip("/")
        yield LocalSource(Path(path), into + below, is_folder=is_folder)
    if not found:
        hint = "check the pattern" if recursive else "check the pattern; folders need -r"
        raise NotFound(f"no file matches {pattern!r}", hint=hint)


def _walk(base: str, glob: Glob, *, hidden: bool) -> Iterator[tuple[str, bool]]:
    """Paths below *base* as deep as *glob* may match, each with whether it is a folder, sorted."""
    try:
        with os.scandir(base or ".") as found:
            items = sorted(found, key=lambda item: item.name)
    except OSError:
        return
    for item in items:
        if item.name.startswith(".") and not hidden:
            continue
        path = f"{base}{'' if base.endswith('/') or not base else '/'}{item.name}"
        is_folder = item.is_dir()
        # A deep glob matches files alone: the folders around them come with them.
        if not (is_folder and glob.is_deep):
            yield path, is_folder
        at_depth = path.strip("/").count("/") + 1 >= glob.depth
        if is_folder and (glob.is_deep or not at_depth) and not item.is_symlink():
            yield from _walk(path, glob, hidden=hidden)
