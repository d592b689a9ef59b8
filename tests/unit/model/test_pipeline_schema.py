"""The JSON Schema of specs says what the parser says."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from datavc.errors import InvalidSpec
from datavc.model import egress, input_spec, pipeline, secret_spec, service, spec_fields, spout
from datavc.model.pipeline import parse_pipeline_spec
from datavc.model.pipeline_schema import pipeline_schema

SCHEMA = pipeline_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

PFS = {
    "project": "default",
    "name": "in",
    "repo": "data",
    "branch": "reviewed",
    "trigger": {
        "branch": "incoming",
        "all": True,
        "rate_limit_spec": "@daily",
        "cron_spec": "",
        "size": "64M",
        "commits": 2,
    },
    "glob": "/(*)",
    "empty_files": False,
    "join_on": "$1",
    "outer_join": True,
    "group_by": "$1",
    "lazy": True,
    "repo_type": "user",
    "s3": False,
}
CRON = {
    "project": "default",
    "name": "tick",
    "repo": "ticks",
    "spec": "0 4 * * *",
    "time_zone": "Europe/Berlin",
    "start": "2026-11-01T00:00:00Z",
    "overwrite": True,
}
#: Every field that the parser knows, but for those of a cron input.
FULL: dict[str, Any] = {
    "pipeline": {"name": "p", "project": {"name": "default"}},
    "description": "what it does",
    "transform": {
        "image": "debian",
        "cmd": ["sh", "-c", ""],
        "stdin": ["true"],
        "err_cmd": ["true"],
        "err_stdin": ["x"],
        "env": {"A": "b"},
        "user": "1000",
        "working_dir": "/",
        "accept_return_code": [0, 255],
        "debug": True,
        "secrets": [
            {"name": "db", "key": "password", "env_var": "PASSWORD", "mount_path": ""},
            {"name": "tls", "key": "", "env_var": "", "mount_path": "/keys"},
        ],
    },
    "input": {"pfs": PFS},
    "parallelism_spec": {"constant": 2},
    "output_branch": "main",
    "datum_tries": 3,
    "datum_timeout": "1h30m",
    "job_timeout": "90s",
    "resource_limits": {
        "cpu": 1,
        "memory": "512Mi",
        "disk": "1Gi",
        "gpu": {"type": "nvidia.com/gpu", "number": 1},
    },
    "resource_requests": {"cpu": "500m", "memory": "1Gi", "disk": 1, "gpu": {"number": 1}},
    "reprocess_spec": "every_job",
    "network": True,
    "skip_superseded": True,
    "salt": "1",
    "metadata": {"labels": {"team": "a"}, "annotations": {"why": "b"}},
    "datum_set_spec": {"number": 1, "size_bytes": 1, "per_worker": 1},
    "autoscaling": True,
    "service": None,
    "spout": None,
    "s3_out": False,
    "egress": {
        "URL": "",
        "object_storage": None,
        "sql_database": {
            "url": "postgresql://ada@db.example:5432/sales",
            "file_format": {"type": "CSV", "columns": ["a"]},
            "secret": {"name": "db", "key": "password"},
        },
    },
}
SERVICE: dict[str, Any] = {
    **FULL,
    "egress": None,
    "service": {
        "internal_port": 80,
        "external_port": "30080",
        "ip": "127.0.0.1",
        "type": "NodePort",
    },
}
SPOUT: dict[str, Any] = {**FULL, "egress": None, "input": None, "spout": {"marker": "next"}}
TO_BUCKET: dict[str, Any] = {**FULL, "egress": {"object_storage": {"url": "s3://bucket/x"}}}
BY_CLOCK: dict[str, Any] = {**FULL, "input": {"cron": CRON}}
#: What stands in for the value of a field, to see whether both still think the same of the spec.
VALUES: tuple[Any, ...] = (
    None, True, 0, 1, -1, 1.5, 256, "", "1", "0", "x y", "$9", "500m", "5m", "5 m", "-5s", "a/b",
    "/x", "\0", [], [""], ["a"], [1], [256], {}, {"a": "b"}, {"name": "x"}, {"PACH_X": "y"},
    {"repo": "r", "glob": "/"}, [{"pfs": {"repo": "r", "glob": "/"}}],
)  # fmt: skip
#: Rules that take more than one field, or more than a pattern, to see; the schema leaves them out.
BEYOND = (
    "stands for nothing in the glob", "has no join_on", "has no group_by", "again", "reads its own",
    "cannot name", "has no err_cmd", "must be a duration above 0", "must be above 0", "glob: ",
    "NUL character", "must have exactly one of", "is no schedule", "is no time zone",
    "a trigger needs a condition", "has no other condition", "cannot follow itself",
    "must be a size above 0", "must be a time with its zone", "either env_var or mount_path",
    "overlaps with", "key is missing", "names no database", "twice", "holds an empty name",
    "a service puts nothing out", "must be an address", "must be from",
    "a spout has none", "cannot name a marker", "where s3 is set", "has s3 set", "s3_out: a ",
)  # fmt: skip


@dataclass(frozen=True)
class Fields:
    """What the parser looks for in an object of a spec."""

    known: set[str]
    unsupported: set[str]


def fields_of(monkeypatch: pytest.MonkeyPatch) -> dict[str, Fields]:
    """The fields that the parser takes, by the path of the object that they are in."""
    found: dict[str, Fields] = {}

    class Recording(spec_fields.SpecFields):
        def __init__(
            self, value: object, path: str, known: Iterable[str], unsupported: Iterable[str] = ()
        ) -> None:
            names = tuple(known)
            found[path] = Fields(set(names), set(unsupported))
            super().__init__(value, path, names, unsupported)

    for module in (pipeline, input_spec, secret_spec, egress, service, spout):
        monkeypatch.setattr(module, "SpecFields", Recording)
    parse_pipeline_spec(FULL)
    parse_pipeline_spec(BY_CLOCK)
    parse_pipeline_spec(TO_BUCKET)
    parse_pipeline_spec(SERVICE)
    parse_pipeline_spec(SPOUT)
    return found


def steps(path: str) -> list[str | int]:
    """``a.b[0]`` as the keys that lead there."""
    return [
        int(part[1:-1]) if part.startswith("[") else part
        for part in re.findall(r"[^.\[]+|\[\d+\]", path)
    ]


def schema_at(path: str) -> Mapping[str, Any]:
    """The schema of the object at *path* of a spec."""
    at: Any = SCHEMA
    for step in steps(path):
        at = resolved(at)["items"] if isinstance(step, int) else resolved(at)["properties"][step]
    return resolved(at)


def resolved(schema: Any) -> Any:
    if "$ref" in schema:
        return resolved(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])  # type: ignore[index]
    for choice in schema.get("anyOf", ()):
        if "properties" not in schema and choice.get("type") != "null":
            return resolved(choice)
    return schema


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert VALIDATOR.is_valid(FULL)


def test_parser_and_schema_know_the_same_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = fields_of(monkeypatch)
    assert {"", "pipeline", "transform", "transform.secrets[0]", "input", "input.pfs"} <= set(
        fields
    )
    assert {"input.pfs.trigger", "input.cron", "resource_limits.gpu"} <= set(fields)
    for path, names in fields.items():
        schema = schema_at(path)
        assert set(schema["properties"]) == names.known, path
        assert schema["additionalProperties"] is False, path


def test_the_examples_have_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    for path, names in fields_of(monkeypatch).items():
        at: Any = BY_CLOCK if path.startswith("input.cron") else FULL
        if path == "egress.object_storage":
            at = TO_BUCKET
        if path == "service":
            at = SERVICE
        if path == "spout":
            at = SPOUT
        for step in steps(path):
            at = at[step]
        if path not in ("input", "resource_requests.gpu"):
            assert set(at) == names.known, path


def test_parser_and_schema_agree_on_fields_that_are_not_supported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        fields = fields_of(patched)
    assert "cron" in fields[""].unsupported
    for path, names in fields.items():
        document = BY_CLOCK if path.startswith("input.cron") else FULL
        if path == "spout":
            document = SPOUT
        for name, value in itertools.product(sorted(names.unsupported), (*VALUES, False)):
            check(put(document, (*steps(path), name), value), (path, name, value))


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_parser_and_schema_agree_on_every_field_with(value: object) -> None:
    for path in [*places(FULL), ("unknown",), ("input", "pfs", "unknown")]:
        document = put(FULL, path, value)
        check(document, path)
    for path in [*places(SERVICE["service"], ("service",)), ("service", "unknown")]:
        check(put(SERVICE, path, value), path)
    for path in [*places(SPOUT["spout"], ("spout",)), ("spout", "unknown"), ("input",)]:
        check(put(SPOUT, path, value), path)
    for path in [*places(CRON, ("input", "cron")), ("input", "cron", "unknown")]:
        check(put(BY_CLOCK, path, value), path)


@pytest.mark.parametrize("kind", ["cross", "union", "join", "group"])
@pytest.mark.parametrize("parts", VALUES, ids=repr)
def test_parser_and_schema_agree_on_combined_inputs(kind: str, parts: object) -> None:
    check({**FULL, "input": {kind: parts}}, ("input", kind))
    check({**FULL, "input": {kind: [{"pfs": PFS}]}}, ("input", kind))


def check(document: dict[str, Any], where: tuple[object, ...]) -> None:
    refused = ""
    try:
        parse_pipeline_spec(document)
    except InvalidSpec as error:
        refused = error.message
    errors = [error.message for error in VALIDATOR.iter_errors(document)]
    beyond = any(rule in refused for rule in BEYOND)
    assert bool(refused) == bool(errors) or (beyond and not errors), (where, refused, errors)


def places(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Every place in a spec."""
    below: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        below = value.items()
    elif isinstance(value, list):
        below = enumerate(value)
    for key, part in below:
        yield (*path, key)
        yield from places(part, (*path, key))


def put(document: dict[str, Any], path: tuple[object, ...], value: object) -> dict[str, Any]:
    """A copy of *document* with another value at *path*."""
    changed = copy.deepcopy(document)
    at: Any = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed
