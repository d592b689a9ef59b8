"""Stopping, starting and running pipelines."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from fastapi import APIRouter, status
from pydantic import Field
from sqlalchemy import Connection

from datavc.engine import jobs, pipeline_control
from datavc.model.job import JobInfo, PipelineInfo
from datavc.model.role import Action
from datavc_server.asking import Asker
from datavc_server.body_model import BodyModel
from datavc_server.paging import Items
from datavc_server.repeated_request import IdempotencyKey, Remember, do_once
from datavc_server.routers.pipelines import check_pipeline
from datavc_server.state import Author, PipelineName, State

router = APIRouter(prefix="/pipelines", tags=["pipelines"])


class InputCommit(BodyModel):
    """Where an input is to be read."""

    repo: str = Field(examples=["images"])
    ref: str = Field(examples=["main~1"])


class NewJob(BodyModel):
    """What a pipeline is to be run on."""

    commits: list[InputCommit] = Field(
        default=[], max_length=1000, description="Inputs that are not to be read at their heads."
    )
    parameters: dict[str, str] = Field(
        default={},
        max_length=100,
        description="Values of variables of the spec's `transform.env`, for this job alone.",
        examples=[{"THRESHOLD": "0.5"}],
    )


@router.post("/{pipeline}/stop")
def stop_pipeline(
    pipeline: PipelineName, state: State, author: Author, asker: Asker
) -> PipelineInfo:
    """Let a pipeline run no jobs until it is started again, and kill those that are not over."""
    check_pipeline(asker, pipeline, Action.MAINTAIN)
    return pipeline_control.stop_pipeline(state.vs, pipeline, author)


@router.post("/{pipeline}/start")
def start_pipeline(
    pipeline: PipelineName, state: State, author: Author, asker: Asker
) -> Items[JobInfo]:
    """Let a stopped pipeline run again; gives the job over what it has missed, if anything."""
    check_pipeline(asker, pipeline, Action.MAINTAIN)
    return Items(items=pipeline_control.start_pipeline(state.vs, pipeline, author))


@router.post("/{pipeline}/run", status_code=status.HTTP_201_CREATED)
def run_pipeline(
    pipeline: PipelineName,
    new: NewJob,
    state: State,
    author: Author,
    asker: Asker,
    idempotency_key: IdempotencyKey = None,
) -> JobInfo:
    """Make a job over the current heads, or over given commits of some inputs.

    Other parameters are other results: they are part of what tells datums apart.
    """
    check_pipeline(asker, pipeline, Action.WRITE)
    for one in new.commits:
        asker.require(Action.READ, one.repo)
    commits = [(one.repo, one.ref) for one in new.commits]

    def act(remember: Remember) -> JobInfo:
        def extra(conn: Connection, made: Sequence[JobInfo]) -> None:
            remember(conn, {"job": made[0].id})

        return pipeline_control.run_pipeline(
            state.vs, pipeline, author, commits, parameters=new.parameters, extra=extra
        )

    def repeat(answer: dict[str, object]) -> JobInfo:
        return jobs.get_job(state.vs, str(answer["job"]))

    asked = msgspec.json.encode(["run", pipeline, commits, author, new.parameters])
    return do_once(state.vs, idempotency_key, asked, act, repeat)
