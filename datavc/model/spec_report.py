"""What a pipeline spec would do: told before anything is created or run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datavc.model.pipeline import PipelineSpec


@dataclass(frozen=True, slots=True)
class SpecInput:
    """A branch that a spec reads."""

    name: str
    repo: str
    branch: str
    glob: str
    #: The branch's head, or ``None`` while it has no commit.
    commit: str | None


@dataclass(frozen=True, slots=True)
class SpecReport:
    """What would come of creating or updating a pipeline with a spec."""

    pipeline: str
    #: The version that it would be: 1 for a new pipeline.
    version: int
    #: Whether the transform differs from the current version's; true for a new pipeline.
    changes_code: bool
    inputs: tuple[SpecInput, ...]
    #: Datums over the current heads; ``None`` while an input has no commit.
    datums: int | None
    #: Fields that the spec leaves out, and what holds for them.
    defaults: dict[str, str]
    #: What may keep its jobs from running here.
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatumPreview:
    """A datum that an input would make."""

    #: 1, 2, ... in the order in which they would be run.
    number: int
    #: ``input:/path`` of each file or folder it sees.
    inputs: tuple[str, ...]
    files: int
    bytes: int


def spec_defaults(document: Mapping[str, object], spec: PipelineSpec) -> dict[str, str]:
    """The fields that *document* leaves out, with what *spec*, read from it, has there."""
    values = {
        "parallelism_spec": "one datum at a time for each processor",
        "output_branch": spec.output_branch,
        "datum_tries": str(spec.datum_tries),
        "datum_timeout": "none",
        "job_timeout": "none",
        "resource_limits": "those of the executor",
        "resource_requests": "one processor for each datum",
        "reprocess_spec": "every_job" if spec.s3_out else "until_success",
        "network": "none",
        "skip_superseded": "false",
    }
    missing = {name: text for name, text in values.items() if document.get(name) is None}
    transform = document.get("transform")
    if isinstance(transform, Mapping):
        if not spec.transform.cmd:
            missing["transform.cmd"] = "what the image starts by itself"
        if not spec.transform.image:
            missing["transform.image"] = "none, so that only the process executor can run it"
    return missing
