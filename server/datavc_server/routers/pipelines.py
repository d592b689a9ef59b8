"""Pipelines."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, status
from pydantic import Field

from datavc.engine import cron, pipelines
from datavc.model.commit_info import CommitInfo
from datavc.model.job import PipelineInfo
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
def list_pipelines(state: State, limit: Limit = 1000, cursor: Cursor = None) -> Page[PipelineInfo]:
    """All pipelines at their current version, by name."""
    return page_list(pipelines.list_pipelines(state.vs), limit, cursor, lambda one: one.name)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_pipeline(
    spec: Annotated[
        dict[str, object], Body(description="A pipeline's spec, as JSON.", examples=[SPEC_EXAMPLE])
    ],
    state: State,
    author: Author,
    update: Annotated[bool, Query(description="Make a new version if it exists.")] = False,
    reprocess: Annotated[bool, Query(description="With `update`: run every datum again.")] = False,
) -> PipelineInfo:
    """Create a pipeline with its output repo, or a new version of one."""
    return pipelines.create_pipeline(
        state.vs, spec, author, update=update, reprocess=reprocess, host=state.host
    )


@router.get("/{pipeline}")
def get_pipeline(
    pipeline: PipelineName,
    state: State,
    version: Annotated[Version | None, Query(description="Without it, the current one.")] = None,
) -> PipelineInfo:
    """One pipeline, by its name."""
    return pipelines.get_pipeline(state.vs, pipeline, version)


@router.delete("/{pipeline}", status_code=status.HTTP_204_NO_CONTENT)
def delete_pipeline(
    pipeline: PipelineName,
    state: State,
    author: Author,
    force: Annotated[bool, Query(description="Even if others read its output.")] = False,
) -> None:
    """Delete a pipeline, its jobs, its output repo and the repos made for its ticks."""
    pipelines.delete_pipeline(state.vs, pipeline, author, force=force)


@router.post("/{pipeline}/ticks", status_code=status.HTTP_201_CREATED)
def run_cron(pipeline: PipelineName, state: State, author: Author) -> Items[CommitInfo]:
    """Let all cron inputs of a pipeline tick now; the commits."""
    return Items(items=cron.tick_now(state.vs, pipeline, author))
