"""Verb that appends to a file of a branch."""

from __future__ import annotations

import io
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from datavc.client.puts import PutVerbs
from datavc.errors import Conflict, LostRace, SourceUnreadable
from datavc.model.entry import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datavc.client.transport import JobProgress
    from datavc.model.address import Address
    from datavc.model.file_info import PutResult
    from datavc.store.backend import Buffer
    from datavc.versioning.ingest import Progress

#: How often bytes are appended anew to what others have made of the file meanwhile.
_TRIES = 20
_PIECE = 1024 * 1024


class AppendVerbs(PutVerbs):
    """Growing files."""

    def append(
        self,
        source: str | Path | bytes | BinaryIO,
        address: str | Address,
        *,
        message: str | None = None,
        run: bool = True,
        progress: Progress | None = None,
        job_progress: JobProgress | None = None,
    ) -> PutResult:
        """Put bytes behind what a file holds; a file that is not there is made.

        The file is read once, since its digest covers all of it, and only its end is stored anew.
        With a message, nothing that others append meanwhile is lost; what is staged replaces the
        file as it is when it is committed.

        Args:
            source: a local file, bytes, or a binary file object, which is read to its end.
            address: ``repo@branch:/path``.
            message: commit with it, leaving alone what is staged.
            run: run the pipelines that the commit feeds, where they run inline.
            progress: called with the numbers of files and of bytes done since the last call.
            job_progress: called as jobs move on.

        Raises:
            NotFound: there is no such repo or branch.
            SourceUnreadable: the source cannot be read.
            Conflict: the file is an external one.
            LostRace: others changed the branch meanwhile, and the source can be read only once.
            Conflict: the path is a folder, or the branch is written by a pipeline.
        """
        located = self.locate_branch(address)
        for _ in range(_TRIES):
            try:
                return self._append(source, located, message, run, progress, job_progress)
            except LostRace:
                if message is None or not isinstance(source, (str, Path, bytes)):
                    raise
        raise LostRace(
            f"'{located}' was changed {_TRIES} times while this was appended to it",
            hint="append again",
        )

    def _append(
        self,
        source: str | Path | bytes | BinaryIO,
        located: Address,
        message: str | None,
        run: bool,
        progress: Progress | None,
        job_progress: JobProgress | None,
    ) -> PutResult:
        from datavc.client.sources import check_file_target
        from datavc.store.content import read_content
        from datavc.store.external.record import read_external
        from datavc.store.piece_stream import PieceStream
        from datavc.versioning.ingest import ingest_stream

        path = check_file_target(located.path)
        branch = self.transport.get_branch(located.repo, located.ref.name)
        view = self._view(branch, with_staging=message is None)
        # The shortest of the paths that start so comes first.
        first, entry = next(view.files(path), ("", None))
        before = entry if first == path else None
        if before is not None and before.kind is EntryKind.EXTERNAL:
            source = read_external(self.transport.objects, before).uri
            raise Conflict(
                f"'{located}' lies elsewhere, at {source}, and cannot be appended to",
                hint="append to it there and import it again, or put a copy of it here first",
            )
        objects = self.transport.objects
        with ExitStack() as stack:
            stream = stack.enter_context(_opened(source))
            head: Iterator[Buffer] = iter(()) if before is None else read_content(objects, before)
            whole = io.BufferedReader(PieceStream(chain(head, _pieces_of(stream))))
            done = ingest_stream(
                whole, path, view, objects, self.transport.chunks, progress=progress
            )
        expected = branch.head or ""
        return self._finish(branch, view, done, message, run, job_progress, expected=expected)


def _opened(source: str | Path | bytes | BinaryIO) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if isinstance(source, (str, Path)):
        try:
            return Path(source).open("rb")
        except OSError as error:
            raise SourceUnreadable(f"{str(source)!r} cannot be read: {error.strerror}") from None
    return source


def _pieces_of(stream: BinaryIO) -> Iterator[bytes]:
    while data := stream.read(_PIECE):
        yield data
