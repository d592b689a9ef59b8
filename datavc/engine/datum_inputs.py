"""Putting a datum's input files where its transform looks for them."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from datavc.engine.input_cache import InputCache
from datavc.engine.lazy_files import LazyFiles
from datavc.engine.scratch import disk_full, empty_folder, scratch_errors
from datavc.errors import OutOfSpace
from datavc.model.commit import TreeRef
from datavc.model.datum import Datum, datum_files
from datavc.model.datum_input import DatumInput
from datavc.model.entry import Entry, EntryKind
from datavc.store.content import read_content, write_content
from datavc.store.external.problem import naming
from datavc.versioning.versioned_store import VersionedStore

_OUTPUT = "out"
_FILE_MODE = 0o444
_EXECUTABLE_MODE = 0o555


class InputFolder:
    """The input folders of one worker; swaps their content from datum to datum.

    Args:
        vs: where the files are read from.
        trees: the tree of every ``(repo, branch)`` that the pipeline reads.
        root: the worker's folder, with one folder for each input.
        may_reuse: whether what is there is certain to be unchanged by transforms.
        cache: where files are found that datums before, or beside, this one have seen; only used
            where *may_reuse* is set.
    """

    def __init__(
        self,
        vs: VersionedStore,
        trees: Mapping[tuple[str, str], TreeRef],
        root: Path,
        may_reuse: bool,
        cache: InputCache | None = None,
    ) -> None:
        self._vs = vs
        self._trees = trees
        self._root = root
        self._prefix = f"{root}/"
        self._may_reuse = may_reuse
        self._cache = cache if may_reuse else None
        #: Paths of files that are fetched when they are opened, and what serves them.
        self._pipes: dict[str, Entry] = {}
        self._lazy: LazyFiles | None = None
        #: By the input's name; several where a group has them.
        self._present: dict[str, list[DatumInput]] = {}

    def fill(self, datum: Datum) -> int:
        """Make the folders hold exactly what *datum* sees.

        Returns:
            Bytes that were put there, leaving out what was there already.

        Raises:
            OutOfSpace: the scratch disk is full.
            StoreUnavailable, DataCorrupt: a file cannot be read from the store.
        """
        wanted: defaultdict[str, list[DatumInput]] = defaultdict(list)
        for part in datum.inputs:
            if part.source.s3:
                continue
            wanted[part.source.name].append(part)
        self.settle()
        written = 0
        with scratch_errors(self._root):
            there = self._clear(wanted)
            for name, parts in wanted.items():
                if name not in self._present:
                    # Noted first: a folder that is only half there must be emptied too.
                    self._present[name] = parts
                    if name not in there:
                        (self._root / name).mkdir()
                    written += sum(self._write(part) for part in parts)
            if self._pipes:
                self._lazy = LazyFiles(self._vs.objects, self._pipes, self._root)
        return written

    def settle(self) -> None:
        """The transform has ended: no more files are fetched.

        Raises:
            StoreUnavailable, DataCorrupt, SourceUnreadable: a file that was opened could not be
                read to its end.
        """
        lazy, self._lazy, self._pipes = self._lazy, None, {}
        if lazy is not None:
            lazy.stop()

    def _clear(self, wanted: Mapping[str, list[DatumInput]]) -> set[str]:
        """Remove all that is not wanted, and whatever else a transform has left here.

        Returns:
            The folders that are there.
        """
        there = set()
        for name, parts in list(self._present.items()):
            lazy = any(part.source.lazy for part in parts)
            if lazy or not self._may_reuse or wanted.get(name) != parts:
                del self._present[name]
        for entry in list(os.scandir(self._root)):
            if entry.name == _OUTPUT or entry.name in self._present:
                continue
            if entry.name in wanted:
                # Kept as a folder: making one costs far more than emptying it.
                empty_folder(Path(entry.path))
                there.add(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                Path(entry.path).unlink()
        return there

    def _write(self, part: DatumInput) -> int:
        written = 0
        folder = f"{self._prefix}{part.source.name}"
        tree = self._trees[part.source.repo, part.source.branch]
        made = {folder}
        for path, entry in datum_files(part, tree, self._vs.nodes):
            target = f"{folder}/{path}"
            parent = target[: target.rindex("/")]
            if parent not in made:
                Path(parent).mkdir(parents=True, exist_ok=True)
                made.add(parent)
            if path.endswith("/"):
                continue
            if entry.kind is EntryKind.SYMLINK:
                content = b"".join(read_content(self._vs.objects, entry))
                Path(target).symlink_to(os.fsdecode(bytes(content)))
                continue
            if part.source.lazy and entry.size and not part.source.empty_files:
                self._pipes[target] = entry
                continue
            self._place_file(target, entry, empty=part.source.empty_files)
            written += 0 if part.source.empty_files else entry.size
        return written

    def _place_file(self, target: str, entry: Entry, *, empty: bool) -> None:
        mode = _EXECUTABLE_MODE if entry.executable else _FILE_MODE
        write = partial(self._write_file, target, entry, mode, empty=empty)
        # Whether a file that lies elsewhere is still the same is looked at each time.
        if self._cache is None or empty or entry.kind is not EntryKind.FILE:
            write()
        else:
            self._cache.place(entry.digest, entry.size, mode, target, write)

    def _write_file(self, target: str, entry: Entry, mode: int, *, empty: bool) -> None:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            if entry.size and not empty:
                with naming(target.removeprefix(str(self._root))):
                    write_content(self._vs.objects, entry, descriptor)
        except OutOfSpace as error:
            raise disk_full(self._root) from error
        finally:
            os.close(descriptor)
