"""What the SDK needs from a datavc to look at pipeline specs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datavc.model.job import PipelineInfo
    from datavc.model.spec_diff import PipelineDiff
    from datavc.model.spec_report import DatumPreview, SpecReport


class SpecTransport(Protocol):
    """Specs: what they would do, and what their versions differ in."""

    def validate_specs(self, specs: Sequence[dict[str, object]]) -> list[SpecReport]:
        """What creating or updating pipelines with these specs would do."""

    def preview_datums(self, spec: dict[str, object]) -> Iterator[DatumPreview]:
        """The datums that a spec, or an input alone, would make."""

    def list_pipeline_versions(self, name: str) -> list[PipelineInfo]:
        """All versions of a pipeline, newest first."""

    def diff_pipeline(self, name: str, old: int | None, new: int | None) -> PipelineDiff:
        """What differs between two versions of a pipeline."""
