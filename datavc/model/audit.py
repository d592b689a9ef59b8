"""What the audit log says of what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How it went."""

    DONE = "done"
    #: The account may not, or nobody knows who it was, or a limit stood in the way.
    REFUSED = "refused"
    #: It was allowed, and failed for another reason.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change, or one refusal."""

    id: int
    time_us: int
    #: Empty when nobody knows.
    account: str
    #: Id of the token; empty for a server's own, and without one.
    token: str
    #: What was asked for, as ``METHOD /route``.
    request: str
    #: Where; empty when it was in no repo, or on no branch.
    repo: str
    branch: str
    outcome: Outcome
    status: int
    #: From where.
    address: str
    request_id: str
    #: Of a refusal: why.
    reason: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are asked for; what is empty, or ``None``, is not looked at."""

    account: str = ""
    repo: str = ""
    outcome: str = ""
    since_us: int | None = None
    until_us: int | None = None
