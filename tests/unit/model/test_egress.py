"""Reading ``egress`` of a pipeline spec."""

from typing import Any

import pytest

from datavc.errors import InvalidAddress, InvalidSpec
from datavc.model.egress import (
    BucketEgress,
    DatabaseEgress,
    DatabasePlace,
    TableFormat,
    split_database,
)
from datavc.model.pipeline import parse_pipeline_spec

URL = "postgresql://ada@db.example:5433/sales"


def spec(egress: object) -> dict[str, Any]:
    return {
        "pipeline": {"name": "out"},
        "transform": {"cmd": ["true"]},
        "input": {"pfs": {"repo": "raw", "glob": "/"}},
        "egress": egress,
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ({"URL": "s3://bucket/dir"}, BucketEgress("s3://bucket/dir")),
        ({"URL": "", "object_storage": {"url": "s3://b1/"}}, BucketEgress("s3://b1/")),
        (
            {
                "sql_database": {
                    "url": URL,
                    "file_format": {"type": "CSV", "columns": ["a", "b"]},
                    "secret": {"name": "db", "key": "PACHYDERM_SQL_PASSWORD"},
                }
            },
            DatabaseEgress(URL, TableFormat.CSV, ("a", "b"), "db", "PACHYDERM_SQL_PASSWORD"),
        ),
        (
            {"sql_database": {"url": URL, "file_format": {"type": "PARQUET"}}},
            DatabaseEgress(URL, TableFormat.PARQUET),
        ),
    ],
)
def test_forms(given: object, expected: object) -> None:
    assert parse_pipeline_spec(spec(given)).egress == expected


def sql(**fields: object) -> dict[str, object]:
    return {"sql_database": {"url": URL, "file_format": {"type": "JSON"}} | fields}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "egress must have exactly one of"),
        ({"URL": "s3://bucket"} | sql(), "egress must have exactly one of"),
        ({"URL": "gs://bucket/dir"}, "egress.URL: 'gs://bucket/dir' is not supported yet"),
        ({"URL": "s3://"}, "egress.URL: 's3://' names no bucket"),
        ({"object_storage": {"url": "file:///etc"}}, "egress.object_storage.url: "),
        ({"object_storage": {"URL": "s3://b"}}, "egress.object_storage.URL is not a field"),
        (sql(url="snowflake://a/b"), "egress.sql_database.url: 'snowflake://a/b' is not supported"),
        (sql(url="postgresql://a:b@c/d"), "was given with a password"),
        (sql(url="postgresql://a@c/d?password=x"), "was given with a password"),
        (
            sql(url="postgresql://a@c"),
            "egress.sql_database.url: 'postgresql://c' names no database",
        ),
        (sql(file_format=None), "egress.sql_database.file_format is missing"),
        (sql(file_format={"type": "AVRO"}), "egress.sql_database.file_format.type 'AVRO'"),
        (sql(file_format={"type": "CSV", "columns": ["a", "a"]}), "names 'a' twice"),
        (sql(secret={"name": "db"}), "egress.sql_database.secret.key is missing"),
    ],
)
def test_what_is_refused(given: object, message: str) -> None:
    with pytest.raises(InvalidSpec) as found:
        parse_pipeline_spec(spec(given))
    assert message in found.value.message


def test_a_secret_for_the_database_is_one_that_the_pipeline_needs() -> None:
    parsed = parse_pipeline_spec(spec(sql(secret={"name": "db", "key": "pw"})))
    assert [(use.name, use.key) for use in parsed.secrets] == [("db", "pw")]


def test_the_parts_of_a_database_url() -> None:
    place = split_database("postgres://a%40b@[::1]/x%20y?sslmode=require")
    assert place == DatabasePlace("::1", 5432, "x y", "a@b", (("sslmode", "require"),))
    assert split_database("postgresql://host/", whole_host=True).database == ""
    for bad in (
        "postgresql://h:99999/d",
        "postgresql://h/d#x",
        "mysql://h/d",
        "postgresql://h/a/b",
    ):
        with pytest.raises(InvalidAddress):
            split_database(bad)
