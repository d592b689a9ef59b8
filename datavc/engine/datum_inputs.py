"""Putting a datum's input files where its transform looks for them."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

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
        may_reuse: whether what is there from the last datum is certain to be unchanged.
    """

    def __init__(
        self,
        vs: VersionedStore,
        trees: Mapping[tuple[str, str], TreeRef],
        root: Path,
        may_reuse: bool,
    ) -> None:
        self._vs = vs
        self._trees = trees
        self._root = root
        self._may_reuse = may_reuse
        #: By the input's name; several where a group has them.
        self._present: dict[str, list[DatumInput]] = {}

    def fill(self, datum: Datum) -> int:
        """Make the folders hold exactly what *datum* sees.

        Returns:
            Bytes that were written, leaving out what was there already.

        Raises:
            OutOfSpace: the scratch disk is full.
            StoreUnavailable, DataCorrupt: a file cannot be read from the store.
        """
        wanted: defaultdict[str, list[DatumInput]] = defaultdict(list)
        for part in datum.inputs:
            wanted[part.source.name].append(part)
        written = 0
        with scratch_errors(self._root):
            self._clear(wanted)
            for name, parts in wanted.items():
                if name not in self._present:
                    # Noted first: a folder that is only half there must be emptied too.
                    (self._root / name).mkdir(exist_ok=True)
                    self._present[name] = parts
                    written += sum(self._write(part) for part in parts)
        return written

    def _clear(self, wanted: Mapping[str, list[DatumInput]]) -> None:
        """Remove all that is not wanted, and whatever else a transform has left here."""
        for name, parts in list(self._present.items()):
            if not self._may_reuse or wanted.get(name) != parts:
                del self._present[name]
        for entry in list(os.scandir(self._root)):
            if entry.name == _OUTPUT or entry.name in self._present:
                continue
            if entry.name in wanted:
                # Kept as a folder: making one costs far more than emptying it.
                empty_folder(Path(entry.path))
            elif entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                Path(entry.path).unlink()

    def _write(self, part: DatumInput) -> int:
        written = 0
        folder = str(self._root / part.source.name)
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
            self._write_file(target, entry, empty=part.source.empty_files)
            written += 0 if part.source.empty_files else entry.size
        return written

    def _write_file(self, target: str, entry: Entry, *, empty: bool) -> None:
        mode = _EXECUTABLE_MODE if entry.executable else _FILE_MODE
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            if entry.size and not empty:
                with naming(target.removeprefix(str(self._root))):
                    write_content(self._vs.objects, entry, descriptor)
        except OutOfSpace as error:
            raise disk_full(self._root) from error
        finally:
            os.close(descriptor)
