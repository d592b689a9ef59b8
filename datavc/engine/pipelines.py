"""Pipelines: creating, updating, listing and deleting them."""

from __future__ import annotations

from collections.abc import Mapping

from datavc.model.job import PipelineInfo
from datavc.versioning.versioned_store import VersionedStore


def create_pipeline(
    vs: VersionedStore,
    document: Mapping[str, object],
    author: str,
    *,
    update: bool = False,
    reprocess: bool = False,
) -> PipelineInfo:
    """Create a pipeline and its output repo, or a new version of one, and its first job.

    The job runs over the current heads; there is none while an input has no commit yet. An update
    kills the unfinished jobs of the version before.

    Args:
        vs: where it goes.
        document: the spec as plain data.
        author: who does this.
        update: make a new version if the pipeline exists already.
        reprocess: run every datum again, also those whose code and inputs have not changed.

    Raises:
        InvalidSpec: the spec is malformed, or would close a cycle.
        NotFound: an input repo does not exist.
        AlreadyExists: the name is taken by a repo, or by a pipeline and *update* is not set.
    """
    raise NotImplementedError


def list_pipelines(vs: VersionedStore) -> list[PipelineInfo]:
    """All pipelines at their current version, by name."""
    raise NotImplementedError


def get_pipeline(vs: VersionedStore, name: str, version: int | None = None) -> PipelineInfo:
    """One pipeline, at its current version or the one asked for.

    Raises:
        NotFound: there is no such pipeline or version.
    """
    raise NotImplementedError


def delete_pipeline(vs: VersionedStore, name: str, author: str, *, force: bool = False) -> None:
    """Delete a pipeline, its jobs and its output repo.

    Raises:
        NotFound: there is no such pipeline.
        Conflict: other pipelines read its output, and *force* is not set.
    """
    raise NotImplementedError
