"""Pipelines."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Body, Query, status
from pydantic import Field

from datavc.engine import cron, pipelines
from datavc.errors import NotFound
from datavc.model.commit_info import CommitInfo
from datavc.model.job import PipelineInfo
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec
from datavc.model.pipeline_input import pfs_inputs
from datavc.model.role import Action
from datavc_server.asking import Asker, Asking
from datavc_server.paging import Items, Page, page_list
from datavc_server.state import Author, Cursor, Limit, PipelineName, State

#: A pipeline that is run for each file.
SPEC_EXAMPLE = {
    "pipeline": {"name": "sizes"},
    "input": {"pfs": {"repo": "images", "glob": "/*"}},
    "transform": {"image": "busybox:1", "cmd": ["sh", "-c", "wc -c /pfs/images/* > /pfs/out/size"]},
}

#: Number of a pipeline's version.
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]

router = APIRouter(prefix="/pipelines", tags=["pipelines"])


@router.get("")
def list_pipelines(
    state: State, asker: Asker, limit: Limit = 1000, cursor: Cursor = None
) -> Page[PipelineInfo]:
    """The pipelines whose output may be read, at their current version, by name."""
    found = asker.readable(pipelines.list_pipelines(state.vs), lambda one: one.name)
    return page_list(found, limit, cursor, lambda one: one.name)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_pipeline(
    spec: Annotated[
        dict[str, object], Body(description="A pipeline's spec, as JSON.", examples=[SPEC_EXAMPLE])
    ],
    state: State,
    author: Author,
    asker: Asker,
    update: Annotated[bool, Query(description="Make a new version if it exists.")] = False,
    reprocess: Annotated[bool, Query(description="With `update`: run every datum again.")] = False,
) -> PipelineInfo:
    """Create a pipeline with its output repo, or a new version of one.

    The account must be a maintainer of the output repo, and of the repos of ticks and triggers; it
    must be allowed to read all that the pipeline reads. Secrets are given by admins alone.
    """
    check_spec(asker, parse_pipeline_spec(spec))
    return pipelines.create_pipeline(
        state.vs, spec, author, update=update, reprocess=reprocess, host=state.host
    )


@router.get("/{pipeline}")
def get_pipeline(
    pipeline: PipelineName,
    state: State,
    asker: Asker,
    version: Annotated[Version | None, Query(description="Without it, the current one.")] = None,
) -> PipelineInfo:
    """One pipeline, by its name."""
    check_pipeline(asker, pipeline, Action.READ)
    return pipelines.get_pipeline(state.vs, pipeline, version)


@router.delete("/{pipeline}", status_code=status.HTTP_204_NO_CONTENT)
def delete_pipeline(
    pipeline: PipelineName,
    state: State,
    author: Author,
    asker: Asker,
    force: Annotated[bool, Query(description="Even if others read its output.")] = False,
) -> None:
    """Delete a pipeline, its jobs, its output repo and the repos made for its ticks."""
    check_pipeline(asker, pipeline, Action.MAINTAIN)
    pipelines.delete_pipeline(state.vs, pipeline, author, force=force)


@router.post("/{pipeline}/ticks", status_code=status.HTTP_201_CREATED)
def run_cron(
    pipeline: PipelineName, state: State, author: Author, asker: Asker
) -> Items[CommitInfo]:
    """Let all cron inputs of a pipeline tick now; the commits."""
    check_pipeline(asker, pipeline, Action.WRITE)
    return Items(items=cron.tick_now(state.vs, pipeline, author))


def check_pipeline(asker: Asking, pipeline: str, action: Action) -> None:
    """Make sure that *action* is allowed in a pipeline's output repo, which has its name.

    Raises:
        NotFound: it may not even be known of; told as if there was no such pipeline.
        AccessDenied: it is not.
    """
    if not asker.may(Action.READ, pipeline):
        raise asker.hide(
            NotFound(f"pipeline {pipeline!r} does not exist", hint="see `datavc pipeline list`")
        )
    asker.require(action, pipeline)


def check_spec(asker: Asking, spec: PipelineSpec, new: Collection[str] = ()) -> None:
    """Make sure that a pipeline may be written; *new* are repos that are not there yet.

    Raises:
        NotFound, AccessDenied: it may not.
    """
    asker.require_new(spec.name)
    for leaf in pfs_inputs(spec.input):
        if leaf.repo in new:
            continue
        changes = leaf.cron is not None or leaf.trigger is not None
        asker.require(Action.MAINTAIN if changes else Action.READ, leaf.repo)
    if spec.secrets:
        asker.require(Action.ADMINISTER)
