"""Verb that puts local files, or bytes, into a branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from datavc.client.base import ClientBase
from datavc.errors import AlreadyExists, Collected, InvalidInput
from datavc.model.address import Address
from datavc.model.link_handling import LinkHandling
from datavc.model.tree.empty import EMPTY_TREE
from datavc.model.tree.lookup import is_folder, lookup

if TYPE_CHECKING:
    from datavc.client.transport import JobProgress
    from datavc.model.change_set import StagedRecord
    from datavc.model.commit import TreeRef
    from datavc.model.commit_info import CommitInfo
    from datavc.model.file_info import PutResult
    from datavc.model.repo import BranchInfo
    from datavc.versioning.branch_view import BranchView
    from datavc.versioning.ingest import Ingested, LocalSource, Progress
    from datavc.versioning.stat_cache import StatCache

#: A path or URL, several, or content: bytes, or what a binary file object gives until its end.
Source = str | Path | bytes | BinaryIO | Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class _Request:
    """What :meth:`PutVerbs.put` was asked for."""

    source: Source
    located: Address
    recursive: bool
    message: str | None
    links: LinkHandling
    overwrite: bool
    run: bool
    progress: Progress | None
    job_progress: JobProgress | None


#: A put whose content was taken for garbage before it landed is made anew so often at most.
_TRIES = 3


class PutVerbs(ClientBase):
    """Bringing files into a branch."""

    def fetch(
        self,
        source: str,
        address: str | Address,
        *,
        recursive: bool = False,
        message: str | None = None,
        run: bool = True,
        job_progress: JobProgress | None = None,
    ) -> PutResult:
        """Let the server fetch a file from the web, or from a bucket, into a branch.

        Its bytes do not pass through this process. The server goes to public addresses alone, and
        to what its operator has opened to it.

        Args:
            source: ``https://``, ``http://``, or ``s3://bucket/key``.
            address: as for :meth:`put`.
            recursive: fetch all below a prefix of a bucket.
            message: commit with it, leaving alone what else is staged.
            run: run the pipelines that the commit feeds, where they run inline.
            job_progress: called as jobs move on.

        Raises:
            InvalidInput: there is no server, the URL is malformed or holds credentials, or the
                file is larger than the server takes.
            AccessDenied: the server does not go there.
            NotFound: there is nothing, or no such repo or branch.
            SourceUnreadable: it cannot be read, or takes too long.
        """
        from datavc.model.source_uri import check_web, scheme_of

        located = self.locate_branch(address)
        if scheme_of(source) in ("http", "https"):
            check_web(source)
        done = self.transport.fetch(
            located.repo,
            located.ref.name,
            located.path,
            source,
            message,
            self.author,
            recursive=recursive,
        )
        if run and done.commit is not None:
            self.run_pipelines(self.transport.resolve(located.repo, done.commit), job_progress)
        return done

    def put(
        self,
        source: Source,
        address: str | Address,
        *,
        recursive: bool = False,
        message: str | None = None,
        links: LinkHandling = LinkHandling.REFUSE,
        overwrite: bool = True,
        run: bool = True,
        progress: Progress | None = None,
        job_progress: JobProgress | None = None,
    ) -> PutResult:
        """Put files into a branch: staged, or committed at once with a message.

        A path in the address that ends in ``/``, or none, is a folder to put into; any other one
        is the new name of the only source. A folder given as ``folder/`` or ``.`` stands for what
        it holds. A text that names no file may be a glob, and keeps the folders below its fixed
        part. Files that the branch holds unchanged are left out.

        ``http://``, ``https://`` and ``s3://bucket/key`` are fetched from here, with this
        process's own network and credentials, and are stored as copies.

        Args:
            source: see :data:`Source`.
            address: ``repo``, ``repo@branch`` or ``repo@branch:/path``.
            recursive: put folders with all they hold.
            message: commit with it, leaving alone what else is staged.
            links: what becomes of symbolic links; without it they are an error.
            overwrite: replace files that the branch holds with other content.
            run: run the pipelines that the commit feeds, where they run inline.
            progress: called with the numbers of files and of bytes done since the last call.
            job_progress: called as jobs move on.

        Raises:
            NotFound: a source, the repo or the branch does not exist.
            SourceUnreadable: a source cannot be read, or changed while it was read.
            InvalidInput: a folder without *recursive*, or a name that cannot be kept.
            Conflict: a path is a file and a folder, or the branch is written by a pipeline.
            AlreadyExists: a file would be replaced, and *overwrite* is not set.
            LostRace: the branch moved on meanwhile, and *overwrite* is not set.
            OutOfSpace, StoreUnavailable: nothing is visible.
            Collected: what a stream relied on was collected meanwhile; put it again.
        """
        request = _Request(
            source,
            self.locate_branch(address),
            recursive,
            message,
            links,
            overwrite,
            run,
            progress,
            job_progress,
        )
        for _ in range(_TRIES - 1):
            try:
                return self._put_once(request)
            except Collected:
                if _is_stream(source):
                    raise
        return self._put_once(request)

    def _put_once(self, request: _Request) -> PutResult:
        from datavc.client.sources import check_file_target
        from datavc.versioning.ingest import ingest_files, ingest_stream

        located, progress = request.located, request.progress
        branch = self.transport.get_branch(located.repo, located.ref.name)
        view = self._view(branch, with_staging=request.message is None)
        content = _content_of(request.source)
        cache = None
        if content is not None:
            path = check_file_target(located.path)
            objects, chunks = self.transport.objects, self.transport.chunks
            done = ingest_stream(
                content, path, view, objects, chunks, nodes=self.nodes, progress=progress
            )
        else:
            paths = _paths_of(request.source)
            if _are_remote(paths):
                done = self._copy(request, paths, view)
            else:
                sources = self._plan(request, paths, view.tree)
                cache = self._cache_of(sources, located)
                done = ingest_files(
                    sources,
                    view,
                    self.transport.objects,
                    self.transport.chunks,
                    cache=cache,
                    links=request.links,
                    progress=progress,
                )
        if done.record is not None and not request.overwrite:
            self._check_new(done.record, view, located)
        expected = None if request.overwrite else branch.head or ""
        return self._finish(
            branch,
            view,
            done,
            request.message,
            request.run,
            request.job_progress,
            cache=cache,
            expected=expected,
        )

    def _finish(
        self,
        branch: BranchInfo,
        view: BranchView,
        done: Ingested,
        message: str | None,
        run: bool,
        job_progress: JobProgress | None,
        *,
        cache: StatCache | None = None,
        expected: str | None = None,
    ) -> PutResult:
        """Stage or commit what was stored."""
        if done.record is None:
            if cache is not None and not view.staged:
                cache.set_synced_tree(view.tree.digest)
            return _result(done)
        if message is None:
            change = self.transport.stage(branch.repo, branch.name, done.record, self.author)
            return _result(done, staged=change.id)
        commit = self._land(branch, done.record, message, cache, expected)
        if run:
            self.run_pipelines(commit, job_progress)
        return _result(done, commit=commit.id)

    def _check_new(self, record: StagedRecord, view: BranchView, located: Address) -> None:
        from datavc.model.change_set import read_change_set

        staged = {path for path, entry in view.staged_changes() if entry is not None}
        for path, _ in read_change_set(record.location, record.digest, self.nodes):
            if path in staged or lookup(view.tree, path, self.nodes) is not None:
                raise AlreadyExists(
                    f"'{Address(located.repo, located.ref, path)}' is there already",
                    hint="leave out --no-overwrite to replace it",
                )

    def _view(self, branch: BranchInfo, *, with_staging: bool) -> BranchView:
        """The branch as what is put will find it: a commit at once lands beside the staging."""
        from datavc.versioning.branch_view import BranchView

        tree = self.transport.tree(branch.repo, branch.head) if branch.head else EMPTY_TREE
        staged = self.transport.staged_records(branch.repo, branch.name) if with_staging else ()
        return BranchView(tree, self.nodes, staged)

    def _plan(
        self, request: _Request, paths: Sequence[str | Path], tree: TreeRef
    ) -> list[LocalSource]:
        from datavc.client.sources import plan_sources

        return plan_sources(
            paths,
            request.located.path,
            recursive=request.recursive,
            target_is_folder=self._is_folder(request.located, tree),
        )

    def _copy(self, request: _Request, paths: Sequence[str | Path], view: BranchView) -> Ingested:
        # What few calls need takes a while to import.
        from datavc.versioning.elsewhere.copy_files import Fetching, copy_files
        from datavc.versioning.elsewhere.plan import plan_elsewhere

        objects = self.transport.objects
        access = objects.sources
        sources = plan_elsewhere(
            paths,
            request.located.path,
            access,
            recursive=request.recursive,
            target_is_folder=self._is_folder(request.located, view.tree),
        )
        fetching = Fetching(access, access.web_client())
        chunks = self.transport.chunks
        return copy_files(
            sources, fetching, view, objects, chunks, self.nodes, progress=request.progress
        )

    def _is_folder(self, located: Address, tree: TreeRef) -> bool:
        """Whether there is a folder already, so that files go into it."""
        path = located.path
        return bool(path) and not path.endswith("/") and is_folder(tree, path, self.nodes)

    def _cache_of(self, sources: Sequence[LocalSource], located: Address) -> StatCache | None:
        from datavc.versioning.stat_cache import StatCache

        if len(sources) != 1 or not sources[0].is_folder:
            return None
        target = Address(located.repo, located.ref, sources[0].target)
        place = f"{self.transport.address} {target}"
        return StatCache(self.cache / "stats", sources[0].path, place)

    def _land(
        self,
        branch: BranchInfo,
        record: StagedRecord,
        message: str,
        cache: StatCache | None,
        expected: str | None,
    ) -> CommitInfo:
        commit = self.transport.commit(
            branch.repo,
            branch.name,
            message,
            self.author,
            change_set=record,
            allow_empty=False,
            expected_head=expected,
        )
        # On top of another head, what was left out as unchanged may not be there.
        if cache is not None and commit.parents == ((branch.head,) if branch.head else ()):
            cache.set_synced_tree(bytes.fromhex(commit.tree))
        return commit


def _is_stream(source: Source) -> bool:
    """Whether it can be read only once."""
    return not isinstance(source, (str, Path, bytes, bytearray, memoryview, Sequence))


def _content_of(source: Source) -> bytes | BinaryIO | None:
    """What is to be stored itself, or ``None`` where *source* says in which files it is."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, (str, Path, Sequence)):
        return None
    return source


def _paths_of(source: Source) -> list[str | Path]:
    if isinstance(source, (str, Path)):
        return [source]
    if not isinstance(source, Sequence) or isinstance(source, (bytes, bytearray, memoryview)):
        raise InvalidInput(f"{type(source).__name__} is nothing that can be put")
    return list(source)


def _are_remote(paths: Sequence[str | Path]) -> bool:
    """Whether these are files elsewhere.

    Raises:
        InvalidInput: some are, and some are here.
    """
    from datavc.model.source_uri import is_remote

    remote = [isinstance(path, str) and is_remote(path) for path in paths]
    if any(remote) and not all(remote):
        raise InvalidInput(
            "URLs and local files are not put at once", hint="put them one after the other"
        )
    return any(remote)


def _result(done: Ingested, staged: int | None = None, commit: str | None = None) -> PutResult:
    from datavc.model.file_info import PutResult

    return PutResult(
        files=done.files,
        bytes=done.bytes,
        unchanged=done.unchanged,
        stored_bytes=done.stored_bytes,
        staged=staged,
        commit=commit,
    )
