"""Verb that writes files of a commit to disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.client.files import nothing_at
from datavc.model.glob import Glob
from datavc.model.tree.glob_tree import glob_tree
from datavc.model.tree.lookup import find_file, is_folder
from datavc.model.tree.scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datavc.model.address import Address
    from datavc.model.commit import TreeRef
    from datavc.model.entry import Entry
    from datavc.versioning.restore import Progress, Restored


@dataclass(frozen=True, slots=True)
class GetResult:
    """What one ``get`` did."""

    files: int
    bytes: int
    #: Files among them that were there already, equal.
    kept: int
    #: Files that were left out, as their content was purged.
    purged: int
    #: The file or folder that it went to.
    output: str


class GetVerbs(ClientBase):
    """Bringing files out of a commit."""

    def get(
        self,
        address: str | Address,
        output: str | Path | None = None,
        *,
        skip_purged: bool = False,
        progress: Progress | None = None,
    ) -> GetResult:
        """Write a file, or a folder with all it holds, to disk; several at a time.

        *output* is the new name, or, where it ends in ``/``, a folder to write into under the
        name in the repo; a file goes into a folder that is there. The root, and a path that ends
        in ``/``, stand for what they hold. A glob keeps the folders below its fixed part.

        Files that are there already, equal, are kept: so a ``get`` that was interrupted goes on
        where it stopped. Whatever else is in the folder stays.

        Args:
            address: ``repo@ref:/path``.
            output: without it, the name in the repo, in the current folder.
            skip_purged: leave out files of a folder whose content was purged.
            progress: called with the numbers of files and of bytes done since the last call.

        Raises:
            NotFound: there is no such repo or ref, or nothing at that path.
            Purged: a file's content was purged.
            InvalidPath: a name cannot be kept on this disk, or what is there stands in the way.
            OutOfSpace: what is complete stays.
        """
        from datavc.versioning.restore import restore_file, restore_files

        located = self.locate(address)
        tree = self.tree_at(located)
        entry = find_file(tree, located.path, self.nodes)
        if entry is not None:
            target = _file_target(located.path, output)
            done = restore_file(self.transport.objects, entry, target, progress=progress)
        else:
            files, target = self._files_of(located, tree, output)
            done = restore_files(
                self.transport.objects,
                files,
                target,
                skip_purged=skip_purged,
                progress=progress,
            )
        return _result(done, target)

    def _files_of(
        self, located: Address, tree: TreeRef, output: str | Path | None
    ) -> tuple[Iterator[tuple[str, Entry]], Path]:
        path = located.path
        if is_folder(tree, path, self.nodes):
            prefix = f"{path.rstrip('/')}/" if path else ""
            target = _folder_target(located, output)
            return self._below(tree, prefix, prefix), target
        glob = Glob(path)
        first = next(glob_tree(tree, self.nodes, path), None) if not glob.is_literal else None
        if first is None:
            raise nothing_at(located)
        base = glob.prefix[: glob.prefix.rfind("/") + 1]
        return self._matching(tree, path, base), Path(output or ".")

    def _below(self, tree: TreeRef, prefix: str, base: str) -> Iterator[tuple[str, Entry]]:
        for path, entry in scan(tree, self.nodes, prefix):
            yield path[len(base) :], entry

    def _matching(self, tree: TreeRef, pattern: str, base: str) -> Iterator[tuple[str, Entry]]:
        for path, entry in glob_tree(tree, self.nodes, pattern):
            if entry is None:
                yield from self._below(tree, f"{path}/", base)
            else:
                yield path[len(base) :], entry


def _file_target(path: str, output: str | Path | None) -> Path:
    name = path.rpartition("/")[2]
    if output is None:
        return Path(name).absolute()
    folder = Path(output)
    inside = os.fspath(output).endswith("/") or folder.is_dir()
    return (folder / name if inside else folder).absolute()


def _folder_target(located: Address, output: str | Path | None) -> Path:
    path = located.path
    if not path:
        return Path(output or located.repo)
    if path.endswith("/"):
        return Path(output or ".")
    name = path.rpartition("/")[2]
    if output is None:
        return Path(name)
    return Path(output) / name if os.fspath(output).endswith("/") else Path(output)


def _result(done: Restored, target: Path) -> GetResult:
    return GetResult(done.files, done.bytes, done.kept, done.purged, str(target))
