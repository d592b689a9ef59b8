"""Looking at pipeline specs of a datavc on a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from datavc.client.http_answer import Items, decode
from datavc.client.http_session import HttpSession, part

if TYPE_CHECKING:
    from datavc.model.job import PipelineInfo
    from datavc.model.spec_diff import PipelineDiff
    from datavc.model.spec_report import DatumPreview, SpecReport


class HttpSpecs:
    """See :class:`~datavc.client.spec_transport.SpecTransport`."""

    _session: HttpSession

    def validate_specs(self, specs: Sequence[dict[str, object]]) -> list[SpecReport]:
        """What creating or updating pipelines with these specs would do."""
        from datavc.model.spec_report import SpecReport

        response = self._session.send(
            "POST", "/pipeline-specs/validate", body={"specs": list(specs)}, repeat=True
        )
        return decode(response, Items[SpecReport]).items

    def preview_datums(self, spec: dict[str, object]) -> Iterator[DatumPreview]:
        """The datums that a spec, or an input alone, would make."""
        from datavc.model.spec_report import DatumPreview

        decode_line = msgspec.json.Decoder(DatumPreview).decode
        with self._session.stream("/pipeline-specs/datums", body=spec) as response:
            for line in response.iter_lines():
                yield decode_line(line)

    def list_pipeline_versions(self, name: str) -> list[PipelineInfo]:
        """All versions of a pipeline, newest first."""
        from datavc.model.job import PipelineInfo

        response = self._session.send("GET", f"/pipelines/{part(name)}/versions")
        return decode(response, Items[PipelineInfo]).items

    def diff_pipeline(self, name: str, old: int | None, new: int | None) -> PipelineDiff:
        """What differs between two versions of a pipeline."""
        from datavc.model.spec_diff import PipelineDiff

        response = self._session.send(
            "GET", f"/pipelines/{part(name)}/diff", query={"old": old, "new": new}
        )
        return decode(response, PipelineDiff)
