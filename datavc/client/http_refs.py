"""Filtered histories, undoing and branch protection of a datavc on a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from datavc.client.http_answer import Items, by, decode
from datavc.client.http_pages import read_pages
from datavc.client.http_session import HttpSession, Parameters, part
from datavc.model.commit_info import CommitInfo
from datavc.model.ids import new_id
from datavc.model.repo import Protection, Undone

if TYPE_CHECKING:
    from datavc.model.branch_trigger import BranchTrigger
    from datavc.model.log_filter import LogFilter

_PAGE: Final = 1000
#: A path may be looked for in very many commits.
_PATIENCE: Final = 600.0


class HttpRefs:
    """See :class:`~datavc.client.refs_transport.RefsTransport`."""

    _session: HttpSession

    def filtered_log(
        self, repo: str, ref: str, wanted: LogFilter, limit: int
    ) -> Iterator[CommitInfo]:
        """Those of a commit and its first parents that are asked for, newest first."""
        path = f"/repos/{part(repo)}/refs/{part(ref)}/log"
        cursor: str | None = None
        left = limit
        while left > 0:
            query: Parameters = {
                "limit": min(left, _PAGE),
                "cursor": cursor,
                "path": wanted.path,
                "author": wanted.author,
                "text": wanted.text,
                "since": wanted.since,
                "until": wanted.until,
                "without": wanted.without,
            }
            response = self._session.send("GET", path, query=query, timeout=_PATIENCE)
            page = decode(response, Items[CommitInfo])
            yield from page.items
            left -= len(page.items)
            cursor = page.next
            if cursor is None:
                return

    def commit_together(
        self, targets: Sequence[tuple[str, str]], message: str, author: str, *, allow_empty: bool
    ) -> list[CommitInfo]:
        """Commit the staging of several branches at once or not at all."""
        body = {
            "targets": [{"repo": repo, "branch": branch} for repo, branch in targets],
            "message": message,
            "allow_empty": allow_empty,
        }
        headers = {**by(author), "Idempotency-Key": new_id()}
        response = self._session.send(
            "POST", "/transactions", body=body, headers=headers, repeat=True
        )
        return decode(response, Items[CommitInfo]).items

    def undo(self, repo: str, name: str, author: str) -> Undone:
        """Take back the last move of a branch or tag."""
        path = f"/repos/{part(repo)}/names/{part(name)}/undo"
        return decode(self._session.send("POST", path, headers=by(author)), Undone)

    def set_trigger(self, repo: str, branch: str, trigger: BranchTrigger) -> None:
        """Let a branch follow another one."""
        path = f"/repos/{part(repo)}/triggers/{part(branch)}"
        self._session.send("PUT", path, body=asdict(trigger), repeat=True)

    def remove_trigger(self, repo: str, branch: str) -> None:
        """Let it stay where it is."""
        self._session.send("DELETE", f"/repos/{part(repo)}/triggers/{part(branch)}")

    def list_triggers(self, repo: str) -> dict[str, BranchTrigger]:
        """A repo's triggers, by branch."""
        from datavc.model.branch_trigger import BranchTrigger

        response = self._session.send("GET", f"/repos/{part(repo)}/triggers")
        return decode(response, dict[str, BranchTrigger])

    def protect(self, repo: str, pattern: str, author: str, *, allow_commits: bool) -> Protection:
        """Let some branches be changed by merges only."""
        body = {"pattern": pattern, "allow_commits": allow_commits}
        response = self._session.send(
            "PUT", f"/repos/{part(repo)}/protections", body=body, headers=by(author), repeat=True
        )
        return decode(response, Protection)

    def unprotect(self, repo: str, pattern: str) -> None:
        """Lift that."""
        self._session.send("DELETE", f"/repos/{part(repo)}/protections", query={"pattern": pattern})

    def list_protections(self, repo: str) -> list[Protection]:
        """A repo's protected branches."""
        return read_pages(self._session, f"/repos/{part(repo)}/protections", Protection)
