"""Looking at specs before anything is created: what they mean here, and which datums they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from datavc.db import commits, pipelines, repos
from datavc.engine.capacity import Share
from datavc.engine.input_triggers import check_sources
from datavc.engine.pipelines import check_inputs, check_name, get_pipeline
from datavc.engine.resource_check import check_resources, unmet_requests
from datavc.engine.run_jobs import head_of
from datavc.engine.secrets import check_secrets
from datavc.errors import Conflict, NotFound
from datavc.model.commit import TreeRef
from datavc.model.datum import Datum, datum_files, plan_datums
from datavc.model.input_spec import parse_input
from datavc.model.job import PipelineInfo
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec
from datavc.model.pipeline_input import PipelineInput, cron_inputs, pfs_inputs, source_branches
from datavc.model.spec_diff import PipelineDiff, diff_specs
from datavc.model.spec_report import DatumPreview, SpecInput, SpecReport, spec_defaults
from datavc.versioning.versioned_store import VersionedStore

#: A branch's name: repo and branch.
_Trees = dict[tuple[str, str], TreeRef]
#: What repos and branches that are made for a pipeline are named after where there is none.
_NAMELESS = "pipeline"


def validate_specs(
    vs: VersionedStore, documents: Sequence[Mapping[str, object]], host: Share | None = None
) -> list[SpecReport]:
    """What creating or updating pipelines with these specs, one after the other, would do.

    What they ask for beyond what *host* has is a warning.

    Raises:
        InvalidSpec: a spec is malformed, asks for more than its limits, or would close a cycle.
        NotFound: an input repo exists neither here nor as the output of a spec before it; a
            secret, or a branch to be followed, does not exist.
        AlreadyExists: a pipeline's name is taken by a repo.
    """
    planned: dict[str, PipelineSpec] = {}
    reports: list[SpecReport] = []
    for document in documents:
        spec = parse_pipeline_spec(document)
        check_resources(spec)
        with vs.db.read() as conn:
            check_name(conn, spec)
            check_inputs(conn, spec, planned)
            check_secrets(conn, spec.transform.secrets)
            check_sources(conn, spec.input)
            report = _report(vs, conn, document, spec)
        warnings = () if host is None else unmet_requests(spec, host)
        reports.append(replace(report, warnings=warnings))
        planned[spec.name] = spec
    return reports


def input_of(document: Mapping[str, object]) -> PipelineInput:
    """What a spec, or an input alone, reads.

    Raises:
        InvalidSpec: it is malformed.
    """
    if "transform" in document or "pipeline" in document:
        return parse_pipeline_spec(document).input
    source = document.get("input") if "input" in document else document
    return parse_input(source, "input", _NAMELESS)


def preview_datums(vs: VersionedStore, document: Mapping[str, object]) -> Iterator[DatumPreview]:
    """The datums that a spec, or an input alone, would make over the current heads.

    Where a trigger has not moved a branch yet, those that it would make of the branch followed.

    Raises:
        InvalidSpec: it is malformed.
        NotFound: an input repo or branch does not exist.
        Conflict: an input has no commit yet.
    """
    node = input_of(document)
    with vs.db.read() as conn:
        trees = _trees(conn, node)
    ticks = cron_inputs(node)
    for (repo, branch), tree in trees.items():
        if tree is None:
            raise Conflict(
                f"the input {repo}@{branch} has no commit yet",
                hint="its first tick is one" if repo in ticks else "commit to it",
            )
    return _previews(vs, node, {name: tree for name, tree in trees.items() if tree is not None})


def list_versions(vs: VersionedStore, name: str) -> list[PipelineInfo]:
    """All versions of a pipeline, newest first.

    Raises:
        NotFound: there is no such pipeline.
    """
    current = get_pipeline(vs, name)
    with vs.db.read() as conn:
        found = (pipelines.find(conn, name, number) for number in range(current.version, 0, -1))
        return pipelines.infos(conn, [row for row in found if row is not None])


def diff_versions(
    vs: VersionedStore, name: str, old: int | None = None, new: int | None = None
) -> PipelineDiff:
    """What differs between two versions: the one before *new* and the current one, unless given.

    Raises:
        NotFound: there is no such pipeline or version.
    """
    after = get_pipeline(vs, name, new)
    if old is None and after.version == 1:
        raise NotFound(f"pipeline {name!r} has no version before 1", hint="name two versions")
    before = get_pipeline(vs, name, after.version - 1 if old is None else old)
    changes = tuple(diff_specs(before.spec, after.spec))
    return PipelineDiff(name, before.version, after.version, changes)


def _report(
    vs: VersionedStore, conn: Connection, document: Mapping[str, object], spec: PipelineSpec
) -> SpecReport:
    current = pipelines.find(conn, spec.name)
    trees = _trees(conn, spec.input, may_lack=True)
    known = {name: tree for name, tree in trees.items() if tree is not None}
    datums = None
    if len(known) == len(trees):
        datums = sum(1 for _ in _plan(vs, spec.input, known))
    return SpecReport(
        pipeline=spec.name,
        version=1 if current is None else current.version + 1,
        changes_code=current is None or _digest(parse_pipeline_spec(current.spec)) != _digest(spec),
        inputs=tuple(
            SpecInput(
                leaf.name, leaf.repo, leaf.branch, leaf.glob, head_of(conn, leaf.repo, leaf.branch)
            )
            for leaf in pfs_inputs(spec.input)
        ),
        datums=datums,
        defaults=spec_defaults(document, spec),
    )


def _digest(spec: PipelineSpec) -> str:
    return spec.code_digest(spec.transform.image)


def _trees(
    conn: Connection, node: PipelineInput, *, may_lack: bool = False
) -> dict[tuple[str, str], TreeRef | None]:
    """The trees at the heads of what *node* reads; ``None`` where there is no commit."""
    found: dict[tuple[str, str], TreeRef | None] = {}
    ticks = cron_inputs(node)
    followed = {
        (leaf.repo, leaf.branch): leaf.trigger.source
        for leaf in pfs_inputs(node)
        if leaf.trigger is not None and not may_lack
    }
    for repo, branch in source_branches(node):
        if not may_lack and repo not in ticks:
            _check_repo(conn, repo)
        head = head_of(conn, repo, branch)
        if head is None and (repo, branch) in followed:
            head = head_of(conn, repo, followed[repo, branch])
        commit = None if head is None else commits.find(conn, head)
        found[repo, branch] = None if commit is None else commit.tree
    return found


def _check_repo(conn: Connection, repo: str) -> None:
    if repos.find(conn, repo) is None:
        raise NotFound(f"repo {repo!r} does not exist", hint="create the repo first")


def _plan(vs: VersionedStore, node: PipelineInput, trees: _Trees) -> Iterator[Datum]:
    return plan_datums(node, trees, vs.nodes, "")


def _previews(vs: VersionedStore, node: PipelineInput, trees: _Trees) -> Iterator[DatumPreview]:
    for number, datum in enumerate(_plan(vs, node, trees), 1):
        files = size = 0
        for part in datum.inputs:
            tree = trees[part.source.repo, part.source.branch]
            for path, entry in datum_files(part, tree, vs.nodes):
                if not path.endswith("/"):
                    files += 1
                    size += entry.size
        yield DatumPreview(number, datum.labels, files, size)
