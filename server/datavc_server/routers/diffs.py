"""Differences between two commits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from datavc.model.file_info import FileChange
from datavc.model.name import clean_prefix
from datavc.model.tree.diff import diff_trees, file_change
from datavc.versioning import resolve
from datavc_server.paging import Page, decode_cursor, page_of
from datavc_server.state import Cursor, Limit, Repo, State

router = APIRouter(prefix="/repos/{repo}/diff", tags=["commits"])


@router.get("")
def diff(
    repo: Repo,
    state: State,
    old: Annotated[str, Query(description="A ref.", examples=["main~1"])],
    new: Annotated[str, Query(description="A ref; the later side.", examples=["main"])],
    prefix: Annotated[str, Query(description="Only paths that start so.")] = "",
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Page[FileChange]:
    """The files that two commits do not hold alike, by path."""
    vs = state.vs
    trees = resolve.get_tree(vs, repo, old), resolve.get_tree(vs, repo, new)
    after = decode_cursor(cursor)
    changes = (
        file_change(path, before, now)
        for path, before, now in diff_trees(*trees, vs.nodes, clean_prefix(prefix))
        if path > after
    )
    return page_of(changes, limit, lambda change: change.path)
