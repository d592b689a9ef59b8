"""The table of all fields says of each what the parser does with it."""

import re
from pathlib import Path

import pytest

from datavc.errors import InvalidSpec
from datavc.model import input_spec, pipeline
from datavc.model.pipeline import parse_pipeline_spec

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "pipeline-spec.md"
_ROW = re.compile(r"^\| (`[^|]*`) \| ([^|]*) \| [^|]*\|$")
#: The fields of Pachyderm 2.x's specs.
PACHYDERM = """
pipeline.name pipeline.project description transform.image transform.cmd transform.stdin
transform.err_cmd transform.err_stdin transform.env transform.secrets transform.image_pull_secrets
transform.accept_return_code transform.debug transform.user transform.working_dir
transform.dockerfile transform.memory_volume transform.datum_batching parallelism_spec.constant
egress update output_branch s3_out resource_requests resource_limits sidecar_resource_limits
sidecar_resource_requests input.pfs.project input.pfs.name input.pfs.repo input.pfs.repo_type
input.pfs.branch input.pfs.commit input.pfs.glob input.pfs.join_on input.pfs.outer_join
input.pfs.group_by input.pfs.lazy input.pfs.empty_files input.pfs.s3 input.pfs.trigger
input.pfs.propagation_spec input.pfs.reference input.cross input.union input.join input.group
input.cron.name input.cron.project input.cron.repo input.cron.commit input.cron.spec
input.cron.overwrite input.cron.start reprocess service spout datum_set_spec datum_timeout
job_timeout salt datum_tries scheduling_spec pod_spec pod_patch spec_commit metadata reprocess_spec
autoscaling tolerations dry_run determined maximum_expected_uptime tf_job
"""


def table() -> dict[str, str]:
    rows = [_ROW.match(line) for line in PAGE.read_text(encoding="utf-8").splitlines()]
    return {
        field: row[2]
        for row in rows
        if row is not None
        for field in re.findall("`([^`]+)`", row[1])
    }


def outcome(path: str) -> InvalidSpec | None:
    """What the parser says of a spec with something that cannot be right at *path*."""
    where, _, field = path.rpartition(".")
    spec: dict[str, object] = {
        "pipeline": {"name": "p"},
        "transform": {"cmd": ["true"]},
        "input": {"cron": {"name": "t", "spec": "@daily"}}
        if where == "input.cron"
        else {"pfs": {"repo": "r", "glob": "/"}},
    }
    at = spec
    for key in where.split(".") if where else []:
        at = at.setdefault(key, {})  # type: ignore[assignment]
    at[field] = object()
    try:
        parse_pipeline_spec(spec)
    except InvalidSpec as error:
        return error
    return None


@pytest.mark.parametrize(("path", "supported"), table().items())
def test_the_table_agrees_with_the_parser(path: str, supported: str) -> None:
    found = outcome(path)
    assert found is not None
    # Whatever is wrong, it is said of this field, and not that it is unknown.
    assert "is not a field" not in found.message
    refused = f"{path} is not supported yet" == found.message
    assert refused == (supported == "no")
    if refused:
        assert found.hint
        assert found.hint != "remove it from the spec"


def test_the_table_has_every_field() -> None:
    fields = set(table())
    assert set(PACHYDERM.split()) <= fields
    for where, names in (
        ("", pipeline._UNSUPPORTED_SPEC),
        ("transform.", pipeline._UNSUPPORTED_TRANSFORM),
        ("input.pfs.", input_spec._UNSUPPORTED_PFS),
        ("input.cron.", input_spec._UNSUPPORTED_CRON),
    ):
        assert {where + name for name in names} <= fields
    assert {f"input.pfs.{name}" for name in input_spec._PFS} <= fields
    assert {f"input.cron.{name}" for name in input_spec._CRON} <= fields
