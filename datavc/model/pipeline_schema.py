"""The JSON Schema of pipeline specs, for editors and other programs."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files


@cache
def pipeline_schema_text() -> str:
    """The schema as it is published: JSON Schema, draft 2020-12."""
    return files("datavc.model").joinpath("pipeline.schema.json").read_text(encoding="utf-8")


def pipeline_schema() -> dict[str, object]:
    """The schema as plain data."""
    return dict(json.loads(pipeline_schema_text()))
