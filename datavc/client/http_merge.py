"""Merges in a datavc on a server."""

from __future__ import annotations

from datavc.client.http_answer import by, decode
from datavc.client.http_session import HttpSession, part
from datavc.model.merge_info import MergeInfo, MergeStrategy


class HttpMerge:
    """See :class:`~datavc.client.merge_transport.MergeTransport`."""

    _session: HttpSession

    def merge(
        self,
        repo: str,
        branch: str,
        source: str,
        message: str,
        author: str,
        *,
        strategy: MergeStrategy | None,
        fast_forward: bool,
    ) -> MergeInfo:
        """Bring what a ref has changed into a branch."""
        body = {
            "source": source,
            "message": message,
            "strategy": strategy,
            "fast_forward": fast_forward,
        }
        return self._bring(repo, branch, "merges", body, author)

    def revert(
        self,
        repo: str,
        branch: str,
        ref: str,
        message: str,
        author: str,
        *,
        strategy: MergeStrategy | None,
        mainline: int | None,
    ) -> MergeInfo:
        """Take back what a commit has changed."""
        body = {"ref": ref, "message": message, "strategy": strategy, "mainline": mainline}
        return self._bring(repo, branch, "reverts", body, author)

    def cherry_pick(
        self,
        repo: str,
        branch: str,
        source_repo: str,
        ref: str,
        message: str,
        author: str,
        *,
        strategy: MergeStrategy | None,
        mainline: int | None,
    ) -> MergeInfo:
        """Do again what a commit has changed."""
        body = {
            "repo": source_repo,
            "ref": ref,
            "message": message,
            "strategy": strategy,
            "mainline": mainline,
        }
        return self._bring(repo, branch, "cherry-picks", body, author)

    def _bring(self, repo: str, branch: str, what: str, body: object, author: str) -> MergeInfo:
        path = f"/repos/{part(repo)}/branches/{part(branch)}/{what}"
        response = self._session.send("POST", path, body=body, headers=by(author))
        return decode(response, MergeInfo)
