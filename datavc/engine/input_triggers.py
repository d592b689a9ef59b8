"""The triggers that pipelines' inputs ask for, and the branches that are made for them."""

from __future__ import annotations

from sqlalchemy import Connection

from datavc.db import branch_triggers, branches, repos
from datavc.db.clock import now_us
from datavc.model.pipeline import PipelineSpec
from datavc.model.pipeline_input import PfsInput, PipelineInput, is_made_for, pfs_inputs
from datavc.versioning.branch_triggers import add_trigger
from datavc.versioning.branches import find_branch


def set_input_triggers(
    conn: Connection, spec: PipelineSpec, before: PipelineSpec | None, author: str
) -> None:
    """Let the branches that a new version reads follow others, as its inputs say.

    Branches that are not there yet are made. A trigger that has not changed goes on as it was.

    Raises:
        NotFound: a repo, or a branch to be followed, does not exist.
        InvalidInput: a branch would follow itself.
    """
    wanted = _triggered(spec)
    old = {} if before is None else _triggered(before)
    for (repo, name), leaf in old.items():
        if (repo, name) not in wanted:
            _drop(conn, before, leaf, author)
    for (repo, name), leaf in wanted.items():
        row = repos.get(conn, repo)
        if branches.find(conn, row.id, name) is None:
            reason = f"input of pipeline {spec.name}"
            branches.create(
                conn, row.id, name, None, author=author, reason=reason, time_us=now_us()
            )
        known = {row.branch: row.trigger for row in branch_triggers.list_of(conn, repo)}
        if leaf.trigger is not None and known.get(name) != leaf.trigger:
            add_trigger(conn, repo, name, leaf.trigger)


def check_sources(conn: Connection, node: PipelineInput) -> None:
    """Make sure that the branches which triggers of an input follow are there.

    Repos that are not there are left out.

    Raises:
        NotFound: one of them does not exist.
    """
    for leaf in pfs_inputs(node):
        row = repos.find(conn, leaf.repo)
        if leaf.trigger is not None and row is not None:
            find_branch(conn, row, leaf.trigger.source)


def drop_input_triggers(conn: Connection, spec: PipelineSpec, author: str) -> None:
    """Take away the triggers of a pipeline that is deleted, and the branches made for them."""
    for leaf in _triggered(spec).values():
        _drop(conn, spec, leaf, author)


def _triggered(spec: PipelineSpec) -> dict[tuple[str, str], PfsInput]:
    return {
        (leaf.repo, leaf.branch): leaf
        for leaf in pfs_inputs(spec.input)
        if leaf.trigger is not None
    }


def _drop(conn: Connection, spec: PipelineSpec | None, leaf: PfsInput, author: str) -> None:
    row = repos.find(conn, leaf.repo)
    if row is None or spec is None:
        return
    branch_triggers.remove(conn, row.id, leaf.branch)
    if is_made_for(spec.name, leaf.branch):
        reason = f"no input of pipeline {spec.name} any more"
        branches.remove(conn, row.id, leaf.branch, author=author, reason=reason, time_us=now_us())
