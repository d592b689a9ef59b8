"""Looking at pipeline specs of a datavc in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datavc.model.job import PipelineInfo
    from datavc.model.spec_diff import PipelineDiff
    from datavc.model.spec_report import DatumPreview, SpecReport
    from datavc.versioning.versioned_store import VersionedStore


class EmbeddedSpecs:
    """See :class:`~datavc.client.spec_transport.SpecTransport`."""

    _vs: VersionedStore

    def validate_specs(self, specs: Sequence[dict[str, object]]) -> list[SpecReport]:
        """What creating or updating pipelines with these specs would do."""
        from datavc.engine import spec_check
        from datavc.engine.capacity import host_share
        from datavc.engine.s3_sessions import s3_gateway_of
        from datavc.engine.settings import s3_endpoint_from_environment
        from datavc.model.pipeline import parse_pipeline_spec

        for spec in specs:
            s3_gateway_of(parse_pipeline_spec(spec), s3_endpoint_from_environment())
        return spec_check.validate_specs(self._vs, specs, host_share())

    def preview_datums(self, spec: dict[str, object]) -> Iterator[DatumPreview]:
        """The datums that a spec, or an input alone, would make."""
        from datavc.engine import spec_check

        return spec_check.preview_datums(self._vs, spec)

    def list_pipeline_versions(self, name: str) -> list[PipelineInfo]:
        """All versions of a pipeline, newest first."""
        from datavc.engine import spec_check

        return spec_check.list_versions(self._vs, name)

    def diff_pipeline(self, name: str, old: int | None, new: int | None) -> PipelineDiff:
        """What differs between two versions of a pipeline."""
        from datavc.engine import spec_check

        return spec_check.diff_versions(self._vs, name, old, new)
