"""Who asks, for routes that find out by themselves what is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from datavc.access import caller as access
from datavc.access.caller import Caller
from datavc.errors import AccessDenied, NotFound
from datavc.model.role import Action
from datavc_server.request_facts import RequestFacts, facts_of

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Asking:
    """An account that has sent this request."""

    caller: Caller
    facts: RequestFacts

    def may(self, action: Action, repo: str | None = None, branch: str | None = None) -> bool:
        """See :func:`datavc.access.caller.may`."""
        return access.may(self.caller, action, repo, branch)

    def require_new(self, repo: str) -> None:
        """Make sure that a repo may be made; told alike whether there is one of that name or not.

        Raises:
            AccessDenied: it may not.
        """
        self.facts.repo = repo
        if not self.may(Action.MAINTAIN, repo):
            raise access.denied(self.caller, Action.MAINTAIN, repo)

    def require(self, action: Action, repo: str | None = None, branch: str | None = None) -> None:
        """See :func:`datavc.access.caller.require`; a refusal goes to the audit log.

        Raises:
            AccessDenied, NotFound: it may not.
        """
        try:
            access.require(self.caller, action, repo, branch)
        except (AccessDenied, NotFound) as error:
            self.facts.repo = self.facts.repo or repo or ""
            self.facts.branch = self.facts.branch or branch or ""
            self.facts.refuse(error.message)
            raise
        self.facts.repo = self.facts.repo or repo or ""
        self.facts.branch = self.facts.branch or branch or ""

    def hide(self, what: NotFound) -> NotFound:
        """Note that *what* may not be known of; the error that says that there is none."""
        self.facts.refuse(what.message)
        return what

    def readable(self, items: Iterable[Item], repo_of: Callable[[Item], str]) -> list[Item]:
        """Those of *items* whose repo may be read."""
        return [item for item in items if self.may(Action.READ, repo_of(item))]


async def _asking(request: Request) -> Asking:
    facts = facts_of(request.scope)
    if facts.caller is None:
        raise AccessDenied("nobody knows who asks")
    return Asking(facts.caller, facts)


Asker = Annotated[Asking, Depends(_asking)]
