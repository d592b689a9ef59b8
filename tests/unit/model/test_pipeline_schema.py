"""The JSON Schema of specs says what the parser says."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from datavc.errors import InvalidSpec
from datavc.model import input_spec, pipeline, spec_fields
from datavc.model.pipeline import parse_pipeline_spec
from datavc.model.pipeline_schema import pipeline_schema

SCHEMA = pipeline_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

PFS = {
    "project": "default",
    "name": "in",
    "repo": "data",
    "branch": "main",
    "glob": "/(*)",
    "empty_files": False,
    "join_on": "$1",
    "outer_join": True,
    "group_by": "$1",
}
#: Every field that the parser knows.
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
    },
    "input": {"pfs": PFS},
    "parallelism_spec": {"constant": 2},
    "output_branch": "main",
    "datum_tries": 3,
    "datum_timeout": "1h30m",
    "job_timeout": "90s",
    "resource_limits": {"cpu": 1, "memory": "512Mi"},
    "resource_requests": {"cpu": "500m", "memory": "1Gi"},
    "reprocess_spec": "every_job",
    "network": True,
    "skip_superseded": True,
}
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
    "NUL character", "must have exactly one of",
)  # fmt: skip


def known_fields(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The fields that the parser takes, by the path of the object that they are in."""
    found: dict[str, set[str]] = {}

    class Recording(spec_fields.SpecFields):
        def __init__(
            self, value: object, path: str, known: Iterable[str], unsupported: Iterable[str] = ()
        ) -> None:
            names = tuple(known)
            found[path] = set(names)
            super().__init__(value, path, names, unsupported)

    monkeypatch.setattr(pipeline, "SpecFields", Recording)
    monkeypatch.setattr(input_spec, "SpecFields", Recording)
    parse_pipeline_spec(FULL)
    return found


def schema_at(path: str) -> Mapping[str, Any]:
    """The schema of the object at *path* of a spec."""
    at: Any = SCHEMA
    for name in [part for part in path.split(".") if part]:
        at = resolved(at)["properties"][name]
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
    fields = known_fields(monkeypatch)
    assert {"", "pipeline", "transform", "input", "input.pfs"} <= set(fields)
    for path, names in fields.items():
        schema = schema_at(path)
        assert set(schema["properties"]) == names, path
        assert schema["additionalProperties"] is False, path


def test_the_example_has_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    for path, names in known_fields(monkeypatch).items():
        at: Any = FULL
        for name in [part for part in path.split(".") if part]:
            at = at[name]
        if path != "input":
            assert set(at) == names, path


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_parser_and_schema_agree_on_every_field_with(value: object) -> None:
    for path in [*places(FULL), ("unknown",), ("input", "pfs", "unknown")]:
        document = put(FULL, path, value)
        check(document, path)


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
