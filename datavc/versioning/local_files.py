"""The files below local folders that ``put`` has to read, in the order of their paths in the repo.

Files that the branch is known to hold unchanged are counted and passed over.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from datavc.errors import SourceUnreadable
from datavc.model.entry import EntryKind
from datavc.model.ids import DIGEST_SIZE
from datavc.model.link_handling import LinkHandling
from datavc.model.name import MAX_PATH_BYTES, clean_path
from datavc.versioning.branch_view import BranchView
from datavc.versioning.ignore_rules import IgnoreRules
from datavc.versioning.local_folder import (
    LocalFolder,
    read_file_stats,
    read_folder,
    reading_since,
)
from datavc.versioning.stat_cache import FolderStats, StatCache, StatCacheReader, StatCacheWriter

#: Paths of so many characters are never too long in bytes.
_SHORT = MAX_PATH_BYTES // 4

#: Called with the number of files and of bytes done since the last call.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A local file or folder, and the path it gets in the repo (``""``: a folder at the root)."""

    path: Path
    target: str
    is_folder: bool


@dataclass(slots=True)
class LocalFile:
    """A file that is to be read."""

    #: Its path in the repo, and the local one.
    target: str
    path: str
    #: In bytes.
    size: int
    executable: bool
    is_link: bool = False
    stats: FolderProgress | None = None
    index: int = 0

    @property
    def kind(self) -> EntryKind:
        """What the entry is to be."""
        return EntryKind.SYMLINK if self.is_link else EntryKind.FILE

    def remember(self, digest: bytes) -> None:
        """Note what the file holds."""
        if self.stats is not None:
            self.stats.set(self.index, digest)


class FolderProgress:
    """The stats of a folder, until the digests of all its files are known."""

    def __init__(
        self, name: str, folder: LocalFolder, digests: bytearray, missing: int, out: StatCacheWriter
    ) -> None:
        self._stats = FolderStats(name, folder.names, folder.stats, b"")
        self._digests = digests
        self._missing = missing
        self._out = out
        if folder.names and not missing:
            self._finish()

    def set(self, index: int, digest: bytes) -> None:
        """The digest of one file; with the last one, the folder is remembered."""
        self._digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE] = digest
        self._missing -= 1
        if not self._missing:
            self._finish()

    def _finish(self) -> None:
        self._stats.digests = bytes(self._digests)
        self._out.add(self._stats)


class Tally:
    """What was looked at so far."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.files = 0
        #: Plain bytes of those files.
        self.bytes = 0
        #: Files among them that the branch holds as they are.
        self.unchanged = 0

    def add(self, files: int, size: int, *, unchanged: int, told: int = 0) -> None:
        """Count *files* of *size* bytes, of which progress was told of *told* already."""
        self.files += files
        self.bytes += size
        self.unchanged += unchanged
        if self._progress:
            self._progress(files, size - told)


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder: its local path, its path in the repo and below the source, as prefixes."""

    path: str
    target: str
    name: str
    rules: IgnoreRules


@dataclass(frozen=True, slots=True)
class _Level:
    """A folder that is being walked."""

    identity: tuple[int, int] | None
    steps: Iterator[LocalFile | _Place]


class LocalFiles:
    """Walks sources, ahead of what is done with their files.

    Args:
        view: the branch; what it holds is passed over where *cache* tells that it is the same.
        cache: stats of the only source, a folder, from earlier times.
        tally: told of the files that are passed over.
        links: what becomes of symbolic links.
    """

    def __init__(
        self, view: BranchView, cache: StatCache | None, tally: Tally, *, links: LinkHandling
    ) -> None:
        self._held = view.holds()
        self._tally = tally
        self._links = links
        self._inside: set[tuple[int, int]] = set()
        self._old: StatCacheReader | None = None
        self._new: StatCacheWriter | None = None
        self._in_sync = False
        if cache is not None:
            self._old = cache.read()
            self._new = cache.write(reading_since())
            self._in_sync = not view.staged and cache.is_synced(self._old, view.tree.digest)

    def close(self) -> None:
        """Keep what was learnt for the next time."""
        if self._old is not None:
            self._old.close()
        if self._new is not None:
            self._new.close()

    def abort(self) -> None:
        """Forget what was learnt."""
        if self._old is not None:
            self._old.close()
        if self._new is not None:
            self._new.abort()

    def of(self, source: LocalSource) -> Iterator[LocalFile]:
        """The files of *source* that are to be read, sorted by target.

        Raises:
            SourceUnreadable: something there cannot be read, or is neither file nor folder.
            InvalidPath: a name cannot be kept.
        """
        path = os.fspath(source.path)
        if source.is_folder:
            target = f"{clean_path(source.target)}/" if source.target else ""
            return self._walk(_Place(path, target, "", IgnoreRules()))
        return self._single(path, clean_path(source.target))

    def _single(self, path: str, target: str) -> Iterator[LocalFile]:
        size, mode = read_file_stats(path, links=self._links)
        yield LocalFile(target, path, size, is_executable(mode), stat.S_ISLNK(mode))

    def _walk(self, top: _Place) -> Iterator[LocalFile]:
        levels = [self._enter(top)]
        while levels:
            step = next(levels[-1].steps, None)
            if step is None:
                left = levels.pop()
                if left.identity:
                    self._inside.discard(left.identity)
            elif isinstance(step, LocalFile):
                yield step
            else:
                levels.append(self._enter(step))

    def _enter(self, place: _Place) -> _Level:
        follows = self._links is LinkHandling.FOLLOW
        identity = self._identity(place.path) if follows else None
        folder = read_folder(place.path, links=self._links)
        rules = place.rules.within(place.name, folder)
        folder = rules.kept(place.name, folder)
        known = self._old.folder(place.name) if self._old is not None else None
        if known is not None:
            digests, unknown = known.carry_over(folder)
        else:
            digests = bytearray(len(folder.names) * DIGEST_SIZE)
            unknown = list(range(len(folder.names)))
        steps = self._changed if self._in_sync else self._not_held
        return _Level(identity, steps(replace(place, rules=rules), folder, digests, unknown))

    def _identity(self, path: str) -> tuple[int, int]:
        try:
            status = Path(path).stat()
        except OSError as error:
            raise SourceUnreadable(f"{path!r} cannot be read: {error.strerror}") from None
        identity = (status.st_dev, status.st_ino)
        if identity in self._inside:
            raise SourceUnreadable(f"{path!r} leads back to a folder that it is in")
        self._inside.add(identity)
        return identity

    def _changed(
        self, place: _Place, folder: LocalFolder, digests: bytearray, unknown: list[int]
    ) -> Iterator[LocalFile | _Place]:
        """The files that are not as they were; the branch holds the others."""
        sizes = folder.sizes()
        size = sum(sizes) - sum(sizes[index] for index in unknown)
        same = len(sizes) - len(unknown)
        if same:
            self._tally.add(same, size, unchanged=same)
        yield from self._steps(place, folder, unknown, digests, len(unknown))

    def _not_held(
        self, place: _Place, folder: LocalFolder, digests: bytearray, unknown: list[int]
    ) -> Iterator[LocalFile | _Place]:
        """The files that are not as they were, and those that the branch does not hold."""
        changed = set(unknown)
        everything = range(len(folder.names))
        for step in self._steps(place, folder, everything, digests, len(everything)):
            if (
                isinstance(step, LocalFile)
                and step.index not in changed
                and self._is_held(step, digests)
            ):
                continue
            yield step

    def _steps(
        self,
        place: _Place,
        folder: LocalFolder,
        indices: Sequence[int],
        digests: bytearray,
        missing: int,
    ) -> Iterator[LocalFile | _Place]:
        """The files at *indices* and all subfolders."""
        stats = None
        if self._new is not None:
            stats = FolderProgress(place.name, folder, digests, missing, self._new)
        sizes, modes = folder.sizes(), folder.modes()
        for name, index in folder.in_order(indices):
            if index is None:
                inner = f"{place.path}/{name[:-1]}"
                yield _Place(inner, place.target + name, place.name + name, place.rules)
                continue
            target = place.target + name
            # Its parts are names that were checked, so only its length can be wrong.
            if len(target) > _SHORT:
                clean_path(target)
            mode = modes[index]
            yield LocalFile(
                target,
                f"{place.path}/{name}",
                sizes[index],
                is_executable(mode),
                stat.S_ISLNK(mode),
                stats,
                index,
            )

    def _is_held(self, file: LocalFile, digests: bytearray) -> bool:
        digest = bytes(digests[file.index * DIGEST_SIZE : (file.index + 1) * DIGEST_SIZE])
        held = self._held.same(
            file.target, file.size, digest, executable=file.executable, kind=file.kind
        )
        if not held:
            return False
        self._tally.add(1, file.size, unchanged=1)
        file.remember(digest)
        return True


def is_executable(mode: int) -> bool:
    """Whether a mode is that of a file that its owner may execute."""
    return stat.S_ISREG(mode) and bool(mode & stat.S_IXUSR)
