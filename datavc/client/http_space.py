"""Looking after the space of a datavc on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from datavc.client.http_answer import by, decode
from datavc.client.http_pages import read_pages
from datavc.client.http_session import HttpSession, part

if TYPE_CHECKING:
    from datavc.client.space_transport import SpaceProgress
    from datavc.model.collection import (
        Collection,
        PurgeInfo,
        PurgeResult,
        RetentionRule,
        StoreCheck,
        Usage,
    )

#: The server answers when it is done, which may take hours where there is much to read.
_PATIENCE: Final = 24 * 3600.0


class HttpSpace:
    """See :class:`~datavc.client.space_transport.SpaceTransport`."""

    _session: HttpSession

    def collect_garbage(
        self,
        grace_s: float,
        unreachable_keep_s: int,
        *,
        dry_run: bool,
        progress: SpaceProgress | None,
    ) -> Collection:
        """Remove what nothing refers to."""
        from datavc.model.collection import Collection

        del progress
        body = {"grace_s": grace_s, "unreachable_keep_s": unreachable_keep_s, "dry_run": dry_run}
        return decode(self._session.send("POST", "/gc", body=body, timeout=_PATIENCE), Collection)

    def purge_path(
        self,
        repo: str,
        path: str,
        reason: str,
        author: str,
        *,
        dry_run: bool,
        progress: SpaceProgress | None,
    ) -> PurgeResult:
        """Remove all that ever stood at a path."""
        del progress
        body = {"repo": repo, "path": path, "reason": reason, "dry_run": dry_run}
        return self._purge(body, author)

    def purge_content(
        self,
        digest: str,
        reason: str,
        author: str,
        *,
        dry_run: bool,
        progress: SpaceProgress | None,
    ) -> PurgeResult:
        """Remove one content, named by its digest in hex."""
        del progress
        return self._purge({"digest": digest, "reason": reason, "dry_run": dry_run}, author)

    def list_purges(self) -> list[PurgeInfo]:
        """All that was purged, newest first."""
        from datavc.model.collection import PurgeInfo

        return read_pages(self._session, "/purges", PurgeInfo)

    def _purge(self, body: dict[str, object], author: str) -> PurgeResult:
        from datavc.model.collection import PurgeResult

        response = self._session.send(
            "POST", "/purges", body=body, headers=by(author), timeout=_PATIENCE
        )
        return decode(response, PurgeResult)

    def check_store(
        self, *, deep: bool, repair: bool, progress: SpaceProgress | None
    ) -> StoreCheck:
        """Check that all that is referred to is there and whole."""
        from datavc.model.collection import StoreCheck

        del progress
        body = {"deep": deep, "repair": repair}
        return decode(self._session.send("POST", "/fsck", body=body, timeout=_PATIENCE), StoreCheck)

    def usage_of_repos(self) -> list[Usage]:
        """What each repo takes up."""
        from datavc.model.collection import Usage

        return read_pages(self._session, "/usage", Usage, timeout=_PATIENCE)

    def usage_of_commit(self, repo: str, ref: str) -> Usage:
        """What one commit takes up."""
        from datavc.model.collection import Usage

        path = f"/repos/{part(repo)}/refs/{part(ref)}/usage"
        return decode(self._session.send("GET", path, timeout=_PATIENCE), Usage)

    def set_retention(self, repo: str, pattern: str, keep_s: int, author: str) -> None:
        """Add or change a retention rule."""
        body = {"pattern": pattern, "keep_s": keep_s}
        self._session.send(
            "PUT", f"/repos/{part(repo)}/retention", body=body, headers=by(author), repeat=True
        )

    def remove_retention(self, repo: str, pattern: str) -> None:
        """Drop a retention rule."""
        path = f"/repos/{part(repo)}/retention"
        self._session.send("DELETE", path, query={"pattern": pattern})

    def list_retention(self, repo: str | None) -> list[RetentionRule]:
        """The retention rules of a repo, or of all."""
        from datavc.model.collection import RetentionRule

        path = "/retention" if repo is None else f"/repos/{part(repo)}/retention"
        return read_pages(self._session, path, RetentionRule)
