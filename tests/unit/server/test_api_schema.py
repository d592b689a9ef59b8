"""What the OpenAPI document tells those who read it, or make clients from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datavc.errors import ErrorCode
from datavc_server.app import describe_api

METHODS = {"get", "put", "post", "delete", "patch"}


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in describe_api()["paths"].items():
        for method in METHODS & set(item):
            yield f"{method.upper()} {path}", item[method]


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(names) == len(set(names))
    assert [name for name, operation in operations() if not operation.get("description")] == []


def test_every_parameter_says_what_it_means() -> None:
    silent = [
        f"{name}: {one['name']}"
        for name, operation in operations()
        for one in operation.get("parameters", ())
        if not one.get("description")
    ]
    assert silent == []


def test_every_field_of_a_body_that_must_be_sent_has_an_example() -> None:
    schemas = describe_api()["components"]["schemas"]
    silent = []
    for name, operation in operations():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        schema = content.get("schema", {})
        body = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
        if content.get("examples") or schema.get("examples"):
            continue
        silent += [
            f"{name}: {field}"
            for field in body.get("required", ())
            if not body["properties"][field].get("examples")
        ]
    assert silent == []


def test_every_problem_is_described_with_an_example_and_a_known_code() -> None:
    document = describe_api()
    codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert codes == [code.value for code in ErrorCode]
    responses = document["components"]["responses"]
    for name, operation in operations():
        for status, answer in operation["responses"].items():
            if not int(status) >= 400:
                continue
            found = responses[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
            content = found["content"]["application/problem+json"]
            for example in content["examples"].values():
                assert str(example["value"]["status"]) == status, name
                assert example["value"]["code"] in codes, name
