"""Merges in a datavc on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.http_answer import by, decode
from datavc.client.http_session import HttpSession, part
from datavc.client.wire import RecordBody
from datavc.model.ids import new_id

if TYPE_CHECKING:
    from datavc.model.merge_decisions import Decisions
    from datavc.model.merge_info import MergeInfo


class HttpMerge:
    """See :class:`~datavc.client.merge_transport.MergeTransport`."""

    _session: HttpSession

    def merge_base(self, repo: str, left: str, right: str) -> str | None:
        """The commit at which two refs parted; ``None`` where they never met."""
        from datavc.model.merge_info import MergeBase

        path = f"/repos/{part(repo)}/refs/{part(left)}/merge-base"
        response = self._session.send("GET", path, query={"other": right})
        return decode(response, MergeBase).commit

    def merge(
        self,
        repo: str,
        branch: str,
        source: str,
        message: str,
        author: str,
        *,
        decisions: Decisions,
        fast_forward: bool,
    ) -> MergeInfo:
        """Bring what a ref has changed into a branch."""
        body: dict[str, object] = {
            "source": source,
            "message": message,
            "fast_forward": fast_forward,
        }
        return self._bring(repo, branch, "merges", body, decisions, author)

    def revert(
        self,
        repo: str,
        branch: str,
        ref: str,
        message: str,
        author: str,
        *,
        decisions: Decisions,
        mainline: int | None,
    ) -> MergeInfo:
        """Take back what a commit has changed."""
        body: dict[str, object] = {"ref": ref, "message": message, "mainline": mainline}
        return self._bring(repo, branch, "reverts", body, decisions, author)

    def cherry_pick(
        self,
        repo: str,
        branch: str,
        source_repo: str,
        ref: str,
        message: str,
        author: str,
        *,
        decisions: Decisions,
        mainline: int | None,
    ) -> MergeInfo:
        """Do again what a commit has changed."""
        body: dict[str, object] = {
            "repo": source_repo,
            "ref": ref,
            "message": message,
            "mainline": mainline,
        }
        return self._bring(repo, branch, "cherry-picks", body, decisions, author)

    def _bring(
        self,
        repo: str,
        branch: str,
        what: str,
        body: dict[str, object],
        decisions: Decisions,
        author: str,
    ) -> MergeInfo:
        from datavc.model.merge_info import MergeInfo

        content = decisions.content
        decided = {
            "strategy": decisions.strategy,
            "ours": decisions.ours,
            "theirs": decisions.theirs,
            "content": None if content is None else RecordBody.of(content),
        }
        path = f"/repos/{part(repo)}/branches/{part(branch)}/{what}"
        headers = {**by(author), "Idempotency-Key": new_id()}
        response = self._session.send(
            "POST", path, body=body | decided, headers=headers, repeat=True
        )
        return decode(response, MergeInfo)
