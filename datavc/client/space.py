"""Verbs that look after the store: garbage collection, checks, usage, retention."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.model.name import clean_path

if TYPE_CHECKING:
    import os

    from datavc.client.space_transport import SpaceProgress
    from datavc.model.address import Address
    from datavc.model.collection import (
        Collection,
        PurgeInfo,
        PurgeResult,
        RetentionRule,
        StoreCheck,
        Usage,
    )

#: Seconds for which a pack is left alone that nothing refers to.
GRACE_S = 24 * 3600
#: Seconds for which a commit is kept after the last ref that led to it has moved away.
UNREACHABLE_KEEP_S = 30 * 24 * 3600


class SpaceVerbs(ClientBase):
    """What is kept, for how long, and whether it is whole."""

    def gc(
        self,
        *,
        dry_run: bool = False,
        grace_s: float = GRACE_S,
        unreachable_keep_s: int = UNREACHABLE_KEEP_S,
        progress: SpaceProgress | None = None,
    ) -> Collection:
        """Remove what neither a ref, nor staging, nor a job leads to. Safe beside all other work.

        Args:
            dry_run: remove nothing, and tell what would be.
            grace_s: leave packs alone that are younger, in seconds. A writer whose packs are
                taken away is told so and writes again; this spares it that.
            unreachable_keep_s: keep commits that no ref leads to for so many seconds after the
                last one moved away.
            progress: told of what is done, where it runs in this process.

        Raises:
            NotFound, DataCorrupt: something in use is missing or damaged; nothing is removed.
        """
        return self.transport.collect_garbage(
            grace_s, unreachable_keep_s, dry_run=dry_run, progress=progress
        )

    def purge(
        self,
        repo: str,
        path: str,
        *,
        reason: str = "",
        dry_run: bool = False,
        progress: SpaceProgress | None = None,
    ) -> PurgeResult:
        """Remove all that ever stood at a path from all history, wherever a copy of it stands.

        Commits, trees, ids and lineage stay; reading the content raises
        :class:`~datavc.errors.Purged`. Pieces that other content shares stay for that. Of external
        files it is forgotten where they lie; their sources stay, and are told.

        Args:
            repo: the repo.
            path: a file, or a folder with all that it ever held.
            reason: why, for the record.
            dry_run: remove nothing, and tell what would be.
            progress: told of what is done, where it runs in this process.

        Raises:
            NotFound: there is no such repo, or nothing ever stood there.
            InvalidInput: the path is the root.
            Conflict: somebody else looks after the store already.
        """
        return self.transport.purge_path(
            repo, clean_path(path), reason, self.author, dry_run=dry_run, progress=progress
        )

    def purge_content(
        self,
        content: str | os.PathLike[str],
        *,
        reason: str = "",
        dry_run: bool = False,
        progress: SpaceProgress | None = None,
    ) -> PurgeResult:
        """Remove one content from all history of all repos.

        Args:
            content: a file's digest in hex (64 digits), or a local file that holds the content.
            reason, dry_run, progress: as for :meth:`purge`.

        Raises:
            NotFound: nothing that is kept has such content.
            SourceUnreadable: the local file cannot be read.
            Conflict: somebody else looks after the store already.
        """
        from datavc.versioning.local_digest import digest_of_file, is_digest

        digest = content if isinstance(content, str) and is_digest(content) else None
        return self.transport.purge_content(
            digest or digest_of_file(Path(content)).hex(),
            reason,
            self.author,
            dry_run=dry_run,
            progress=progress,
        )

    def list_purges(self) -> list[PurgeInfo]:
        """All that was purged, newest first."""
        return self.transport.list_purges()

    def fsck(
        self,
        *,
        deep: bool = False,
        repair: bool = False,
        external: bool = False,
        progress: SpaceProgress | None = None,
    ) -> StoreCheck:
        """Check that everything that is referred to is there and whole.

        Args:
            deep: read every byte of every pack.
            repair: put the deduplication index right from the packs.
            external: look from here, with this process's own credentials, whether the sources of
                external files are there as they were imported; their content is not read.
            progress: told of what is done, where it runs in this process.
        """
        found = self.transport.check_store(deep=deep, repair=repair, progress=progress)
        if not external:
            return found
        from datavc.client.external_check import check_externals

        count, problems = check_externals(self, progress)
        return replace(found, external=count, problems=(*found.problems, *problems))

    def usage(self, address: str | Address | None = None) -> list[Usage]:
        """What all repos take up, or what one commit does.

        Args:
            address: ``repo@ref``; without one, each repo is told.

        Raises:
            NotFound: there is no such repo or ref.
        """
        if address is None:
            return self.transport.usage_of_repos()
        located = self.locate(address)
        return [self.transport.usage_of_commit(located.repo, str(located.ref))]

    def set_retention(self, repo: str, pattern: str, keep_s: int) -> None:
        """Give up commits behind the heads of some branches once they are old.

        Heads and tags are always kept, and all that other branches or tags lead to.

        Args:
            repo: the repo.
            pattern: glob over branch names.
            keep_s: seconds for which a commit is kept.

        Raises:
            NotFound: there is no such repo.
            InvalidInput: the pattern is malformed, or the time negative.
        """
        self.transport.set_retention(repo, pattern, keep_s, self.author)

    def remove_retention(self, repo: str, pattern: str) -> None:
        """Drop a retention rule.

        Raises:
            NotFound: there is no such repo or rule.
        """
        self.transport.remove_retention(repo, pattern)

    def list_retention(self, repo: str | None = None) -> list[RetentionRule]:
        """The retention rules of a repo, or of all.

        Raises:
            NotFound: there is no such repo.
        """
        return self.transport.list_retention(repo)
