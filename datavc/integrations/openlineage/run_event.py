"""Run events of OpenLineage: a job as that names and describes it.

https://openlineage.io/spec; the versions of what is used of it are in the URLs below.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from datavc import __version__
from datavc.model.lineage_facts import DatasetFacts, JobMoment, LineageFacts

#: Who says so.
PRODUCER = f"pkg:pypi/datavc@{__version__}"
#: The job that the runs of datavc, which jobs are a part of, are runs of.
RUN_JOB = "datavc.run"

_SPEC = "https://openlineage.io/spec"
_EVENT = f"{_SPEC}/2-0-0/OpenLineage.json#/$defs/RunEvent"
_VERSIONS = {
    "DatasetVersionDatasetFacet": "1-0-0",
    "ErrorMessageRunFacet": "1-0-0",
    "JobTypeJobFacet": "2-0-4",
    "NominalTimeRunFacet": "1-0-0",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "ParentRunFacet": "1-1-0",
    "ProcessingEngineRunFacet": "1-1-0",
    "SourceCodeJobFacet": "1-0-0",
    "SourceCodeLocationJobFacet": "1-1-0",
}

Json = dict[str, object]


def run_event(facts: LineageFacts, namespace: str) -> Json:
    """The event that tells of one moment of a job.

    Args:
        facts: the job at that moment.
        namespace: of the job, and of the datasets that it reads and makes.
    """
    return {
        "eventType": facts.moment.value,
        "eventTime": _time(facts.time_us),
        "producer": PRODUCER,
        "schemaURL": _EVENT,
        "run": {"runId": str(UUID(hex=facts.job)), "facets": _run_facets(facts, namespace)},
        "job": {"namespace": namespace, "name": facts.pipeline, "facets": _job_facets(facts)},
        "inputs": [_dataset(source, namespace) for source in _distinct(facts.inputs)],
        "outputs": [_dataset(facts.output, namespace) | _statistics(facts.output)],
    }


def _run_facets(facts: LineageFacts, namespace: str) -> Json:
    facets: Json = {
        "parent": _facet(
            "ParentRunFacet",
            run={"runId": str(UUID(hex=facts.run))},
            job={"namespace": namespace, "name": RUN_JOB},
        ),
        "nominalTime": _facet("NominalTimeRunFacet", nominalStartTime=_time(facts.created_us)),
        "processing_engine": _facet("ProcessingEngineRunFacet", name="datavc", version=__version__),
    }
    if facts.moment in (JobMoment.FAIL, JobMoment.ABORT):
        facets["errorMessage"] = _facet(
            "ErrorMessageRunFacet",
            message=facts.reason or "it was stopped",
            programmingLanguage="unknown",
        )
    return facets


def _job_facets(facts: LineageFacts) -> Json:
    facets: Json = {
        "jobType": _facet(
            "JobTypeJobFacet",
            processingType="SERVICE" if facts.standing else "BATCH",
            integration="DATAVC",
            jobType="PIPELINE",
        ),
        "sourceCode": _facet("SourceCodeJobFacet", language="shell", sourceCode=_source(facts)),
    }
    if facts.image:
        place: dict[str, str] = {"type": "docker", "url": f"docker://{facts.image}"}
        if facts.image_digest is not None:
            place["version"] = facts.image_digest
        facets["sourceCodeLocation"] = _facet("SourceCodeLocationJobFacet", **place)
    return facets


def _source(facts: LineageFacts) -> str:
    """The command, and what it reads as its input, as a shell would be told."""
    return "\n".join([shlex.join(facts.cmd), *facts.stdin])


def _distinct(inputs: tuple[DatasetFacts, ...]) -> list[DatasetFacts]:
    """One of each: a pipeline may read a branch by several inputs."""
    return list(dict.fromkeys(inputs))


def _dataset(facts: DatasetFacts, namespace: str) -> Json:
    facets: Json = {}
    if facts.commit is not None:
        facets["version"] = _facet("DatasetVersionDatasetFacet", datasetVersion=facts.commit)
    return {"namespace": namespace, "name": facts.repo, "facets": facets}


def _statistics(facts: DatasetFacts) -> Json:
    """What the output commit holds; nothing where none was made."""
    if facts.files is None or facts.bytes is None:
        return {}
    name = "OutputStatisticsOutputDatasetFacet"
    return {
        "outputFacets": {"outputStatistics": _facet(name, fileCount=facts.files, size=facts.bytes)}
    }


def _facet(name: str, /, **values: object) -> Json:
    schema = f"{_SPEC}/facets/{_VERSIONS[name]}/{name}.json#/$defs/{name}"
    about: Mapping[str, object] = {"_producer": PRODUCER, "_schemaURL": schema}
    return {**about, **values}


def _time(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1e6, UTC).isoformat(timespec="microseconds")
