"""Verbs that look at pipeline specs before anything is created, and at their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datavc.client.base import ClientBase
from datavc.client.pipelines import Spec, load_spec
from datavc.errors import InvalidSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datavc.model.job import PipelineInfo
    from datavc.model.spec_diff import PipelineDiff
    from datavc.model.spec_report import DatumPreview, SpecReport


class SpecVerbs(ClientBase):
    """Specs: what they would do, and what their versions differ in."""

    def validate_pipelines(self, spec: Spec) -> list[SpecReport]:
        """What creating or updating the pipelines of a spec would do; nothing is changed.

        Args:
            spec: plain data, a path, or YAML or JSON text (which may hold several documents).

        Raises:
            InvalidSpec: a spec is malformed, or would close a cycle.
            NotFound: an input repo exists neither here nor as the output of a spec before it.
            AlreadyExists: a pipeline's name is taken by a repo.
        """
        return self.transport.validate_specs(load_spec(spec))

    def preview_datums(self, spec: Spec) -> Iterator[DatumPreview]:
        """The datums that a spec would make over the current heads; nothing is run.

        Args:
            spec: one pipeline's spec, or an input alone (``{"pfs": {...}}``).

        Raises:
            InvalidSpec: it is malformed, or there are several.
            NotFound: an input repo or branch does not exist.
            Conflict: an input has no commit yet.
        """
        documents = load_spec(spec)
        if len(documents) > 1:
            raise InvalidSpec("there are several specs in it", hint="give one")
        return self.transport.preview_datums(documents[0])

    def list_pipeline_versions(self, name: str) -> list[PipelineInfo]:
        """All versions of a pipeline, newest first.

        Raises:
            NotFound: there is no such pipeline.
        """
        return self.transport.list_pipeline_versions(name)

    def diff_pipeline(
        self, name: str, old: int | None = None, new: int | None = None
    ) -> PipelineDiff:
        """What differs between two versions of a pipeline: the last two, unless given.

        Raises:
            NotFound: there is no such pipeline or version.
        """
        return self.transport.diff_pipeline(name, old, new)

    def pipeline_schema(self) -> dict[str, object]:
        """The JSON Schema of pipeline specs."""
        from datavc.model.pipeline_schema import pipeline_schema

        return pipeline_schema()
