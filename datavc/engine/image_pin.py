"""A pipeline version runs in one image, whatever its tag is moved to later."""

from __future__ import annotations

from datavc.db import pipelines
from datavc.db.pipelines import PipelineRow
from datavc.engine.executors.executor import Executor
from datavc.errors import Conflict
from datavc.model.pipeline import PipelineSpec
from datavc.versioning.versioned_store import VersionedStore


def pin_image(
    vs: VersionedStore, executor: Executor, pipeline: PipelineRow, spec: PipelineSpec
) -> str:
    """The digest of the image that a pipeline's version runs in; the first job of it decides.

    Raises:
        Conflict: the tag names another image here than the version has run in.
        ExecutorUnavailable: there is no such image, or none is named.
    """
    if executor.name == "process":
        return executor.prepare(spec.transform.image, None)
    digest = executor.prepare(spec.transform.image, pipeline.image_digest)
    if pipeline.image_digest not in (None, digest):
        raise Conflict(
            f"the image {spec.transform.image!r} is another one here than version "
            f"{pipeline.version} of pipeline {pipeline.name} has run in",
            hint="bring that one back, or update the pipeline to take this one",
        )
    if pipeline.image_digest is None:
        with vs.db.write() as conn:
            pipelines.pin_image(
                conn, pipeline.id, pipeline.version, digest, spec.code_digest(digest)
            )
    return digest
