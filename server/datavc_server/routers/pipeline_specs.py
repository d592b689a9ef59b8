"""Looking at pipeline specs: their schema, what they would do, and what versions differ in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from datavc.engine import spec_check
from datavc.errors import InvalidInput
from datavc.model.job import PipelineInfo
from datavc.model.pipeline import parse_pipeline_spec
from datavc.model.pipeline_input import pfs_inputs
from datavc.model.pipeline_schema import pipeline_schema_text
from datavc.model.role import Action
from datavc.model.spec_diff import PipelineDiff
from datavc.model.spec_report import SpecReport
from datavc_server.asking import Asker
from datavc_server.body_model import BodyModel
from datavc_server.paging import Items, Page, newest_first, page_list
from datavc_server.routers.pipelines import SPEC_EXAMPLE, Version, check_pipeline, check_spec
from datavc_server.state import Cursor, Limit, PipelineName, State

router = APIRouter(tags=["pipelines"])

_SCHEMA = "application/schema+json"
_LINES: dict[int | str, dict[str, object]] = {
    200: {
        "content": {"application/x-ndjson": {}},
        "description": "One JSON object a line: number, inputs, files, bytes.",
    }
}
_SCHEMA_ANSWER: dict[int | str, dict[str, object]] = {
    200: {"content": {_SCHEMA: {}}, "description": "JSON Schema, draft 2020-12."}
}


class Specs(BodyModel):
    """Specs of pipelines that read one another's output, in this order."""

    specs: list[dict[str, object]] = Field(min_length=1, max_length=1000, examples=[[SPEC_EXAMPLE]])


@router.get("/pipeline-specs/schema", responses=_SCHEMA_ANSWER, response_class=Response)
def get_schema() -> Response:
    """The JSON Schema of pipeline specs."""
    return Response(pipeline_schema_text(), media_type=_SCHEMA)


@router.post("/pipeline-specs/validate")
def validate_specs(asked: Specs, state: State, asker: Asker) -> Items[SpecReport]:
    """What creating or updating pipelines with these specs would do; nothing is changed."""
    before: set[str] = set()
    for document in asked.specs:
        try:
            spec = parse_pipeline_spec(document)
        except InvalidInput:
            # The report says so.
            continue
        check_spec(asker, spec, before)
        before.add(spec.name)
    return Items(items=spec_check.validate_specs(state.vs, asked.specs, state.host))


@router.post("/pipeline-specs/datums", responses=_LINES, response_class=Response)
def preview_datums(
    spec: Annotated[
        dict[str, object], Body(description="A spec, or an input alone.", examples=[SPEC_EXAMPLE])
    ],
    state: State,
    asker: Asker,
) -> Response:
    """The datums that a spec would make over the current heads; nothing is run."""
    for leaf in pfs_inputs(spec_check.input_of(spec)):
        asker.require(Action.READ, leaf.repo)
    previews = spec_check.preview_datums(state.vs, spec)

    def encoded() -> Iterator[bytes]:
        for preview in previews:
            yield msgspec.json.encode(preview) + b"\n"

    return StreamingResponse(encoded(), media_type="application/x-ndjson")


@router.get("/pipelines/{pipeline}/versions")
def list_versions(
    pipeline: PipelineName, state: State, asker: Asker, limit: Limit = 1000, cursor: Cursor = None
) -> Page[PipelineInfo]:
    """All versions of a pipeline, newest first."""
    check_pipeline(asker, pipeline, Action.READ)
    found = spec_check.list_versions(state.vs, pipeline)
    return page_list(found, limit, cursor, lambda one: newest_first(one.version))


@router.get("/pipelines/{pipeline}/diff")
def diff_versions(
    pipeline: PipelineName,
    state: State,
    asker: Asker,
    old: Annotated[Version | None, Query(description="Without it, the one before `new`.")] = None,
    new: Annotated[Version | None, Query(description="Without it, the current one.")] = None,
) -> PipelineDiff:
    """What differs between two versions of a pipeline, field by field."""
    check_pipeline(asker, pipeline, Action.READ)
    return spec_check.diff_versions(state.vs, pipeline, old, new)
