"""Entity tags of what moves, and requests that hold only for one state of it (RFC 9110, 13)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated

from fastapi import Header, Response

from datavc.errors import LostRace
from datavc.model.repo import BranchInfo
from datavc.versioning import branches
from datavc_server.problem import PreconditionFailed
from datavc_server.state import ServerState

IfMatch = Annotated[
    str | None,
    Header(
        description="The `ETag` that the branch must have, or else nothing is done (412).",
        examples=['"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"'],
    ),
]
IfNoneMatch = Annotated[
    str | None, Header(description="The `ETag` known already: if it still holds, 304 is answered.")
]

#: Of routes that take one of them.
UNCHANGED: dict[int | str, dict[str, object]] = {
    304: {"description": "It is what `If-None-Match` says."}
}
CONDITIONAL: dict[int | str, dict[str, object]] = {412: {}}


def tag_of_head(head: str | None) -> str:
    """The entity tag of a branch: its head's id, or one of its own where it has no commit."""
    return f'"{head or "empty"}"'


def matches(header: str | None, tag: str) -> bool:
    """Whether a header's list of entity tags has *tag* in it."""
    if header is None:
        return False
    known = [one.strip().removeprefix("W/") for one in header.split(",")]
    return "*" in known or tag in known


def unless_known(response: Response, header: str | None, tag: str) -> Response | None:
    """The answer that nothing has changed, where that is so; else *response* is given the tag."""
    if matches(header, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return None


@contextmanager
def required_head(
    state: ServerState, repo: str, branch: str, header: str | None
) -> Iterator[str | None]:
    """The head that what is done inside must find, as *header* says: ``""`` for none at all.

    ``None`` where the header is not sent, or names any state by ``*``.

    Raises:
        PreconditionFailed: the branch stands elsewhere, or has moved before that was done.
    """
    if header is None or header.strip() == "*":
        yield None
        return
    info: BranchInfo = branches.get_branch(state.vs, repo, branch)
    if not matches(header, tag_of_head(info.head)):
        raise PreconditionFailed(
            LostRace(
                f"branch {branch!r} of repo {repo!r} stands at {info.head or 'no commit'}",
                hint="look at what has landed there, then ask again with its ETag",
            )
        )
    try:
        yield info.head or ""
    except LostRace as error:
        raise PreconditionFailed(error) from error
