import copy
from typing import Any

import pytest

from datavc.errors import InvalidSpec
from datavc.model.pipeline import DEFAULT_TRIES, Resources, Transform, parse_pipeline_spec
from datavc.model.pipeline_input import (
    CrossInput,
    GroupInput,
    JoinInput,
    PfsInput,
    UnionInput,
)

SPEC: dict[str, Any] = {
    "pipeline": {"name": "edges"},
    "transform": {"image": "busybox", "cmd": ["sh"], "stdin": ["cp a b"]},
    "input": {"pfs": {"repo": "images", "glob": "/*"}},
}


def spec_with(path: str, value: object) -> dict[str, Any]:
    spec = copy.deepcopy(SPEC)
    *folders, last = path.split(".")
    place: Any = spec
    for part in folders:
        place = place[int(part)] if part.isdigit() else place.setdefault(part, {})
    place[last] = value
    return spec


def test_a_minimal_spec_has_the_defaults() -> None:
    spec = parse_pipeline_spec(SPEC)
    assert spec.name == "edges"
    assert spec.transform == Transform("busybox", ("sh",), ("cp a b",))
    assert spec.input == PfsInput("images", "images", "main", "/*")
    assert spec.output_branch == "main"
    assert spec.datum_tries == DEFAULT_TRIES
    assert (spec.parallelism, spec.datum_timeout, spec.job_timeout) == (None, None, None)
    assert spec.limits == spec.requests == Resources()
    assert not spec.transform.network
    assert not spec.reprocess_every_job


def test_a_full_spec_is_read() -> None:
    spec = parse_pipeline_spec(
        {
            "pipeline": {"name": "train", "project": {"name": "default"}},
            "description": "trains",
            "transform": {
                "image": "python:3.12",
                "cmd": ["python", "/train.py"],
                "env": {"SEED": "7"},
                "user": "1000",
                "working_dir": "/srv",
                "accept_return_code": [3],
            },
            "input": {
                "cross": [
                    {"pfs": {"name": "data", "repo": "clean", "branch": "dev", "glob": "/(*)"}},
                    {
                        "union": [
                            {"pfs": {"repo": "params", "glob": "/", "empty_files": True}},
                            {"pfs": {"repo": "more", "glob": "/**"}},
                        ]
                    },
                ]
            },
            "parallelism_spec": {"constant": "4"},
            "output_branch": "models",
            "datum_tries": "5",
            "datum_timeout": "1m30s",
            "job_timeout": "2h",
            "resource_limits": {"cpu": "500m", "memory": "64Mi"},
            "resource_requests": {"cpu": 2, "memory": "1G"},
            "reprocess_spec": "every_job",
            "network": True,
        }
    )
    assert spec.transform.env == {"SEED": "7"}
    assert spec.transform.user == "1000"
    assert spec.transform.accept_return_code == (3,)
    assert spec.transform.network
    assert spec.input == CrossInput(
        (
            PfsInput("data", "clean", "dev", "/(*)"),
            UnionInput(
                (
                    PfsInput("params", "params", "main", "/", empty_files=True),
                    PfsInput("more", "more", "main", "/**"),
                )
            ),
        )
    )
    assert (spec.parallelism, spec.datum_tries) == (4, 5)
    assert (spec.datum_timeout, spec.job_timeout) == (90.0, 7200.0)
    assert spec.limits == Resources(0.5, 64 * 2**20)
    assert spec.requests == Resources(2.0, 10**9)
    assert spec.reprocess_every_job
    assert spec.sources == (("clean", "dev"), ("params", "main"), ("more", "main"))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("transform.imge", "x", "transform.imge is not a field; did you mean transform.image?"),
        ("zzz", 1, "zzz is not a field"),
        ("input.pfs.lazy", "yes", "input.pfs.lazy must be true or false"),
        ("input.pfs.repo_type", "spec", "input.pfs.repo_type 'spec' is not supported"),
        ("input.pfs.reference", True, "input.pfs.reference is not supported yet"),
        ("tolerations", [{}], "tolerations is not supported yet"),
        ("input", {"join": []}, "input.join is empty"),
        ("input.pfs.join_on", "$1", "input.pfs.join_on: $1 stands for nothing in the glob"),
        ("input.pfs.group_by", "a$2", "input.pfs.group_by: $2 stands for nothing in the glob"),
        ("input.cron", {}, "input must have exactly one of pfs, cross, union, join, group and"),
        ("spout", {}, "input: a spout has none"),
        ("egress", {}, "egress must have exactly one of"),
        ("service", {}, "service.internal_port is missing"),
        (
            "resource_limits.gpu.type",
            "amd.com/gpu",
            "resource_limits.gpu.type 'amd.com/gpu' is not",
        ),
        ("resource_limits.gpu.number", 0, "resource_limits.gpu.number must be a whole number"),
        ("resource_limits.disk", "much", "resource_limits.disk must be a quantity"),
        ("metadata.labels", {"a": 1}, "metadata.labels.a must be text, not a number"),
        ("metadata.labels", "a", "metadata.labels must be an object, not text"),
        ("salt", 1, "salt must be text"),
        ("autoscaling", "yes", "autoscaling must be true or false"),
        ("datum_set_spec.number", 0, "datum_set_spec.number must be a whole number"),
        ("datum_set_spec.size", 1, "datum_set_spec.size is not a field"),
        ("transform.datum_batching", True, "transform.datum_batching is not supported yet"),
        ("s3_out", "yes", "s3_out must be true or false, not text"),
        ("parallelism_spec.coefficient", 2, "parallelism_spec.coefficient is not supported yet"),
        ("pipeline.project", "x", "pipeline.project other than 'default' is not supported yet"),
        ("pipeline.name", "a/b", "pipeline.name: 'a/b' cannot name"),
        ("transform", None, "transform is missing"),
        ("transform", {"env": {}}, "transform has neither image nor cmd"),
        ("transform.cmd", "sh", "transform.cmd must be a list, not text"),
        ("transform.cmd", ["sh", 1], "transform.cmd[1] must be text, not a number"),
        ("transform.cmd", ["a\0b"], "transform.cmd[0] holds a NUL"),
        ("transform.cmd", [""], "transform.cmd[0] is empty"),
        ("transform.env", {"PORT": 80}, "transform.env.PORT must be text"),
        ("transform.env", {"A-B": "x"}, "transform.env.A-B is not the name of a variable"),
        ("transform.env", {"DATAVC_PFS": "x"}, "transform.env.DATAVC_PFS is set by datavc"),
        ("transform.accept_return_code", [300], "transform.accept_return_code[0] must be"),
        ("input", None, "input is missing"),
        ("input", {}, "input must have exactly one of pfs, cross, union, join, group and cron"),
        ("input.cross", [{}], "input must have exactly one of pfs, cross, union, join, group"),
        ("input", {"cross": []}, "input.cross is empty"),
        ("input.pfs.glob", "*", "input.pfs.glob must start with '/', not '*'"),
        ("input.pfs.glob", "/[", "input.pfs.glob"),
        ("input.pfs.name", "out", "input.pfs.name: 'out' cannot name an input"),
        ("input.pfs.name", "../x", "input.pfs.name: '../x' cannot name an input"),
        ("input.pfs.name", "PATH", "input.pfs.name: 'PATH' cannot name an input"),
        ("input.pfs.repo", "edges", "pipeline 'edges' reads its own output repo"),
        ("input.pfs.branch", "a..b", "input.pfs.branch: 'a..b' cannot name"),
        ("datum_tries", 0, "datum_tries must be a whole number of at least 1"),
        ("datum_tries", True, "datum_tries must be a whole number of at least 1"),
        ("datum_timeout", "5", "datum_timeout must be a duration above 0, not '5'"),
        ("datum_timeout", 5, "datum_timeout must be a duration above 0, not 5"),
        ("datum_timeout", "0s", "datum_timeout must be a duration above 0"),
        ("resource_limits.memory", "lots", "resource_limits.memory must be a quantity"),
        ("reprocess_spec", "never", "reprocess_spec must be until_success or every_job"),
        ("network", "no", "network must be true or false, not text"),
        ("pipeline", "edges", "pipeline must be an object, not text"),
    ],
)
def test_a_bad_field_is_refused_by_its_full_path(path: str, value: object, message: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse_pipeline_spec(spec_with(path, value))
    assert caught.value.message.startswith(message)


def test_a_field_deep_in_the_input_is_named_in_full() -> None:
    at = {"pfs": {"repo": "b", "glob": "/", "commit": "c0ffee"}}
    spec = SPEC | {"input": {"cross": [{"pfs": {"repo": "a", "glob": "/"}}, at]}}
    with pytest.raises(InvalidSpec, match=r"^input\.cross\[1\]\.pfs\.commit is not supported"):
        parse_pipeline_spec(spec)


def test_a_cross_may_not_use_an_input_name_twice_but_a_union_may() -> None:
    parts = [{"pfs": {"repo": "a", "glob": "/"}}, {"pfs": {"name": "a", "repo": "b", "glob": "/"}}]
    assert isinstance(parse_pipeline_spec(SPEC | {"input": {"union": parts}}).input, UnionInput)
    with pytest.raises(InvalidSpec, match=r"input\.cross\[1\] uses the input name 'a' again"):
        parse_pipeline_spec(SPEC | {"input": {"cross": parts}})


def leaf(repo: str, **fields: object) -> dict[str, object]:
    return {"pfs": {"repo": repo, "glob": "/(*)", **fields}}


@pytest.mark.parametrize(("kind", "field"), [("join", "join_on"), ("group", "group_by")])
def test_each_part_of_a_join_or_group_says_what_by_and_has_a_name_of_its_own(
    kind: str, field: str
) -> None:
    good = [leaf("a", **{field: "$1"}), leaf("b", **{field: "$1"})]
    read = parse_pipeline_spec(SPEC | {"input": {kind: good}}).input
    expected = JoinInput if kind == "join" else GroupInput
    assert isinstance(read, expected)
    assert read.parts[1] == PfsInput("b", "b", "main", "/(*)", **{field: "$1"})
    with pytest.raises(InvalidSpec, match=rf"^input\.{kind}\[1\]\.pfs has no {field}"):
        parse_pipeline_spec(SPEC | {"input": {kind: [good[0], leaf("b")]}})
    with pytest.raises(InvalidSpec, match=rf"^input\.{kind}\[1\] uses the input name 'a' again"):
        parse_pipeline_spec(SPEC | {"input": {kind: [good[0], good[0]]}})


def test_a_union_in_a_group_may_not_use_a_name_twice() -> None:
    union = {"union": [leaf("a", group_by="$1"), leaf("a", group_by="$1")]}
    with pytest.raises(InvalidSpec, match=r"^input\.group\[0\] uses the input name 'a' again"):
        parse_pipeline_spec(SPEC | {"input": {"group": [union]}})


def test_the_empty_keys_that_pachyderm_writes_are_none() -> None:
    read = parse_pipeline_spec(SPEC | {"input": leaf("a", join_on="", group_by="")}).input
    assert read == PfsInput("a", "a", "main", "/(*)")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("transform.cmd", ["bash"]),
        ("transform.stdin", ["cp b a"]),
        ("transform.env", {"A": "1"}),
        ("transform.user", "1"),
        ("transform.working_dir", "/x"),
        ("transform.accept_return_code", [1]),
        ("network", True),
    ],
)
def test_what_changes_the_output_changes_the_code_digest(path: str, value: object) -> None:
    before = parse_pipeline_spec(SPEC).code_digest("sha256:1")
    assert parse_pipeline_spec(spec_with(path, value)).code_digest("sha256:1") != before


def test_the_image_digest_counts_and_its_name_does_not() -> None:
    before = parse_pipeline_spec(SPEC).code_digest("sha256:1")
    other_name = parse_pipeline_spec(spec_with("transform.image", "busybox:latest"))
    assert other_name.code_digest("sha256:1") == before
    assert other_name.code_digest("sha256:2") != before


def test_what_does_not_change_the_output_leaves_the_code_digest_alone() -> None:
    before = parse_pipeline_spec(SPEC).code_digest("")
    for path, value in (("datum_tries", 9), ("description", "x"), ("resource_limits", {"cpu": 1})):
        assert parse_pipeline_spec(spec_with(path, value)).code_digest("") == before


def test_what_pachyderm_prints_of_fields_that_were_not_set_is_accepted() -> None:
    spec = spec_with("input.pfs.lazy", False)
    spec["input"]["pfs"] |= {"repo_type": "user", "s3": False, "reference": False}
    spec |= {"s3_out": False, "spec_commit": None, "egress": None, "update": False}
    spec["transform"] |= {"datum_batching": False, "dockerfile": "", "debug": False}
    assert parse_pipeline_spec(spec) == parse_pipeline_spec(SPEC)


def test_the_hint_says_what_to_do_instead() -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse_pipeline_spec(spec_with("transform.datum_batching", True))
    assert "containers stay warm" in caught.value.hint


def test_fields_of_jobs_and_containers_are_read() -> None:
    spec = parse_pipeline_spec(
        SPEC
        | {
            "resource_limits": {"disk": "1Gi", "gpu": {"type": "nvidia.com/gpu", "number": 2}},
            "resource_requests": {"gpu": {}},
            "metadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}},
            "datum_set_spec": {"number": "5", "size_bytes": 100, "per_worker": 2},
            "autoscaling": True,
            "salt": "once more",
        }
    )
    assert spec.limits == Resources(disk=2**30, gpu=2)
    assert spec.requests == Resources(gpu=1)
    assert spec.labels == {"team": "a", "note": "b"}


def test_another_salt_makes_all_datums_new_and_labels_do_not() -> None:
    plain = parse_pipeline_spec(SPEC).code_digest("image")
    assert parse_pipeline_spec(SPEC | {"salt": "1"}).code_digest("image") != plain
    labels = {"metadata": {"labels": {"a": "b"}}, "resource_limits": {"gpu": {"number": 1}}}
    assert parse_pipeline_spec(SPEC | labels).code_digest("image") == plain
