"""Specs with inputs and outputs by S3: what may be so, and what such a datum is known by."""

from __future__ import annotations

from typing import Any

import pytest

from datavc.errors import InvalidSpec
from datavc.model.commit import TreeRef
from datavc.model.datum_input import PartCutter
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec
from datavc.model.pipeline_input import pfs_inputs
from datavc.model.tree.empty import EMPTY_TREE

BUCKET = {"pfs": {"name": "in", "repo": "raw", "glob": "/", "s3": True}}
FILES = {"pfs": {"name": "more", "repo": "more", "glob": "/*"}}


def parse(source: object = BUCKET, **fields: Any) -> PipelineSpec:
    transform = {"cmd": ["true"], **fields.pop("transform", {})}
    document = {"pipeline": {"name": "p"}, "transform": transform, "input": source, **fields}
    return parse_pipeline_spec(document)


def pfs(**fields: object) -> dict[str, object]:
    return {"pfs": {**BUCKET["pfs"], **fields}}


def test_an_input_is_a_bucket() -> None:
    spec = parse({"cross": [BUCKET, FILES]})
    assert [leaf.s3 for leaf in pfs_inputs(spec.input)] == [True, False]
    assert spec.uses_s3
    assert not spec.s3_out
    assert not spec.reprocess_every_job
    assert not parse(FILES).uses_s3
    assert not parse({"union": [FILES, pfs(s3=False)]}).uses_s3


def test_an_output_is_a_bucket_that_every_job_fills_anew() -> None:
    spec = parse(FILES, s3_out=True)
    assert spec.uses_s3
    assert spec.s3_out
    assert spec.reprocess_every_job


@pytest.mark.parametrize(
    ("source", "fields", "message"),
    [
        (pfs(glob="/*"), {}, "input.pfs.glob must be '/' where s3 is set, not '/*'"),
        (pfs(lazy=True), {}, "input.pfs.lazy is of files"),
        (pfs(empty_files=True), {}, "input.pfs.empty_files is of files"),
        ({"join": [BUCKET, FILES]}, {}, "input.join[0]: input 'in' has s3 set, which a join"),
        (
            {"group": [FILES, {"cross": [BUCKET]}]},
            {},
            "input.group[1]: input 'in' has s3 set, which a group",
        ),
        (pfs(s3="yes"), {}, "input.pfs.s3 must be true or false"),
        (
            BUCKET,
            {"transform": {"env": {"AWS_ACCESS_KEY_ID": "mine"}}},
            "transform.env.AWS_ACCESS_KEY_ID: the variable AWS_ACCESS_KEY_ID is set by datavc",
        ),
        (
            FILES,
            {
                "s3_out": True,
                "transform": {
                    "secrets": [{"name": "s", "key": "k", "env_var": "AWS_SECRET_ACCESS_KEY"}]
                },
            },
            "the variable AWS_SECRET_ACCESS_KEY is set by datavc",
        ),
        (
            FILES,
            {"s3_out": True, "service": {"internal_port": 80, "external_port": 30080}},
            "s3_out: a service has no output by S3",
        ),
        (None, {"s3_out": True, "spout": {}}, "s3_out: a spout has no output by S3"),
    ],
)
def test_what_cannot_be_so(source: object, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        parse(source, **fields)
    assert message in refused.value.message


def test_a_pipeline_without_s3_may_set_such_variables() -> None:
    spec = parse(FILES, transform={"env": {"AWS_ACCESS_KEY_ID": "mine"}})
    assert spec.transform.env == {"AWS_ACCESS_KEY_ID": "mine"}


def test_a_bucket_is_another_datum_than_files() -> None:
    assert fingerprint(pfs()) != fingerprint(pfs(s3=False))
    assert fingerprint(pfs()) == fingerprint(pfs())
    for other in (pfs(name="other"), pfs(repo="other"), pfs(branch="other")):
        assert fingerprint(other) != fingerprint(pfs())
    changed = TreeRef(bytes(32), None, 1, 1)
    assert fingerprint(pfs(), changed) != fingerprint(pfs())


def fingerprint(source: object, tree: TreeRef = EMPTY_TREE) -> bytes:
    (leaf,) = pfs_inputs(parse(source).input)
    return PartCutter(leaf, tree, None).part("", None).fingerprint  # type: ignore[arg-type]


def test_an_output_by_s3_is_other_code() -> None:
    assert parse(s3_out=True).code_digest("i") != parse().code_digest("i")
    assert parse(s3_out=True, salt="1").code_digest("i") != parse(salt="1").code_digest("i")
