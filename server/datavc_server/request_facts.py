"""What is known of a request: who asks for what, and where. The audit log is written from it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Scope

from datavc.access.caller import Caller

_KEY = "datavc.facts"
#: A path that is no route is written down up to so many characters.
_LONGEST = 200


@dataclass(slots=True)
class RequestFacts:
    """Filled in step by step, from the outermost layer to the route."""

    request_id: str
    address: str
    #: As ``METHOD /route``; the path itself until the route is found.
    request: str
    caller: Caller | None = None
    #: Whose request it is, where it is not by a token that this is known.
    account: str = ""
    repo: str = ""
    branch: str = ""
    #: Whether the route changes something.
    changes: bool = False
    refused: bool = False
    #: Whether it is one of many that are not written down one by one.
    is_flood: bool = False
    reason: str = ""

    def refuse(self, reason: str) -> None:
        """Note that what was asked for is not allowed."""
        self.refused = True
        self.reason = reason


def begin_facts(scope: Scope, request_id: str) -> RequestFacts:
    """The facts of a request that has just arrived."""
    client = scope.get("client")
    path = scope["path"][:_LONGEST].replace("\0", "/")
    address = client[0] if client else ""
    facts = RequestFacts(request_id, address, f"{scope['method']} {path}")
    scope[_KEY] = facts
    return facts


def facts_of(scope: Scope) -> RequestFacts:
    """The facts of a request that :func:`begin_facts` was called for."""
    facts: RequestFacts = scope[_KEY]
    return facts
