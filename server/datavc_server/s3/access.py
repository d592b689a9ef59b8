"""What a caller may do. Every request of the gateway passes here before anything is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from datavc_server.s3.error import access_denied


class Action(StrEnum):
    """What a request does to a repo."""

    READ = "read"
    #: Stage, and commit what is staged.
    WRITE = "write"
    #: Make a repo.
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, by the access key that signed it."""

    key_id: str
    #: Written down as the author.
    account: str
    read_only: bool


def check_allowed(caller: Caller, action: Action, repo: str) -> None:
    """Make sure that *caller* may do *action* to *repo*; ``""`` stands for all repos.

    Raises:
        S3Error: it may not.
    """
    if action is not Action.READ and caller.read_only:
        raise access_denied(
            f"the access key {caller.key_id} is for reading, and opens {repo!r} for nothing else"
        )
