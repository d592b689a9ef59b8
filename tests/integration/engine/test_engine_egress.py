"""Egress: what a job commits is written to a real bucket, and to tables of a real PostgreSQL."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from uuid import UUID, uuid4

import boto3
import psycopg
import pyarrow as pa
import pytest
from pyarrow import parquet

from datavc.db import job_events
from datavc.engine import jobs
from datavc.engine.egress import job_egress
from datavc.engine.pipelines import create_pipeline, list_pipelines
from datavc.engine.secrets import create_secret
from datavc.model.job import JobState

COPY = 'cp -r "$DATAVC_PFS"/in/. "$DATAVC_PFS/out/"'
ENGINE = """
import sys, threading
from pathlib import Path
from datavc.engine.engine import Engine
from datavc.engine.settings import EngineSettings
from datavc.versioning.versioned_store import open_versioned_store

home = Path(sys.argv[1])
settings = EngineSettings(scratch=home / "scratch", executor="process", lease_seconds=1.0)
Engine(open_versioned_store(home), settings).serve(threading.Event())
"""


class Objects:
    """A bucket as others see it."""

    def __init__(self, endpoint: str) -> None:
        self.client = boto3.client("s3", endpoint_url=endpoint)
        self.name = f"egress-{uuid4().hex}"
        self.client.create_bucket(Bucket=self.name)

    def files(self) -> dict[str, bytes]:
        listed = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return {
            one["Key"]: self.client.get_object(Bucket=self.name, Key=one["Key"])["Body"].read()
            for one in listed
            if not one["Key"].endswith(".datavc-export.json")
        }


@pytest.fixture
def bucket(s3_server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Objects]:
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    objects = Objects(s3_server.endpoint)
    yield objects
    objects.client.close()


@pytest.fixture
def warehouse(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE prices (name text, cents integer, note text)")
        connection.execute("CREATE TABLE stock (name text PRIMARY KEY, pieces integer DEFAULT 7)")
        yield connection


def rows(connection: psycopg.Connection, table: str) -> list[tuple[object, ...]]:
    return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # type: ignore[arg-type]


def database(url: str, kind: str = "CSV", **fields: object) -> dict[str, object]:
    return {"sql_database": {"url": url, "file_format": {"type": kind, **fields}}}


@pytest.mark.s3
@pytest.mark.parametrize("form", ["URL", "object_storage"])
def test_a_bucket_holds_what_the_output_holds(world, bucket: Objects, form: str) -> None:
    url = f"s3://{bucket.name}/some/where"
    egress = {"URL": url} if form == "URL" else {"object_storage": {"url": url}}
    bucket.client.put_object(Bucket=bucket.name, Key="some/other", Body=b"not ours")
    world.repo("raw")
    world.put("raw", {"a/one": b"1", "two": b"2"})
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=egress)
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    other = {"some/other": b"not ours"}
    assert bucket.files() == other | {"some/where/a/one": b"1", "some/where/two": b"2"}
    (job,) = world.commit_and_drive("raw", {"two": None, "three": b"3"})
    assert job.state is JobState.SUCCESS
    assert bucket.files() == other | {"some/where/a/one": b"1", "some/where/three": b"3"}


@pytest.mark.s3
def test_a_bucket_that_holds_another_export_is_left_alone(world, bucket: Objects) -> None:
    egress = {"URL": f"s3://{bucket.name}"}
    world.repo("raw")
    world.put("raw", {"one": b"1"})
    world.pipeline("first", "raw", COPY, glob="/", egress=egress)
    (job,) = world.pipeline("second", "raw", COPY, glob="/", egress=egress)
    assert job.state is JobState.FAILURE
    assert "holds an export of first:/" in job.reason
    assert world.files("second") == {"one": b"1"}


@pytest.mark.postgres
def test_tables_hold_what_the_folders_hold(
    world, postgres_url: str, warehouse: psycopg.Connection
) -> None:
    warehouse.execute("INSERT INTO prices VALUES ('old', 1, '')")
    world.repo("raw")
    world.put("raw", {"prices/a": b'nut,5,"a, b"\nbolt,7,\n', "prices/b": b"nail,1,x\n"})
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=database(postgres_url))
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    assert rows(warehouse, "prices") == [("bolt", 7, None), ("nail", 1, "x"), ("nut", 5, "a, b")]
    world.commit_and_drive("raw", {"prices/b": None, "stock/a": b"nut,3\n"})
    assert rows(warehouse, "prices") == [("bolt", 7, None), ("nut", 5, "a, b")]
    assert rows(warehouse, "stock") == [("nut", 3)]
    world.commit_and_drive("raw", {"stock/a": None})
    assert rows(warehouse, "stock") == []


@pytest.mark.postgres
def test_columns_are_found_by_the_first_line_of_each_file(
    world, postgres_url: str, warehouse: psycopg.Connection
) -> None:
    egress = database(postgres_url, columns=["name", "cents"])
    world.repo("raw")
    world.put("raw", {"prices/a": b"cents,name\r\n5,nut\r\n", "prices/b": b"name,cents\nbolt,7"})
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=egress)
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    assert rows(warehouse, "prices") == [("bolt", 7, None), ("nut", 5, None)]
    (job,) = world.commit_and_drive("raw", {"prices/b": b"name,weight\nbolt,7"})
    assert job.state is JobState.FAILURE
    assert "'/prices/b' does not fit table 'prices': its first line names name, weight" in (
        job.reason
    )
    assert rows(warehouse, "prices") == [("bolt", 7, None), ("nut", 5, None)]


@pytest.mark.postgres
def test_lines_of_json(world, postgres_url: str, warehouse: psycopg.Connection) -> None:
    lines = b'{"name": "n\\\\ut\\n\\"1\\"", "pieces": 3}\n\n{"name": "bolt", "more": {"x": [1]}}\n'
    world.repo("raw")
    world.put("raw", {"stock/a.json": lines})
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=database(postgres_url, "JSON"))
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    assert rows(warehouse, "stock") == [("bolt", None), ('n\\ut\n"1"', 3)]
    some = database(postgres_url, "JSON", columns=["name"])
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=some, update=True)
    assert rows(warehouse, "stock") == [("bolt", 7), ('n\\ut\n"1"', 7)]


def table_file(columns: dict[str, object], **options: object) -> bytes:
    """A Parquet file."""
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


@pytest.mark.postgres
def test_parquet_fills_columns_by_their_names(
    world, postgres_url: str, warehouse: psycopg.Connection
) -> None:
    files = {
        "stock/a.parquet": table_file({"pieces": [3, None, 4], "name": ["nut", "", 'a "b",\n\\.']}),
        "stock/b/c.parquet": table_file(
            {"name": [f"n{number:05}" for number in range(9000)]}, row_group_size=2500
        ),
        "stock/_SUCCESS": b"",
    }
    world.repo("raw")
    world.put("raw", files)
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=database(postgres_url, "PARQUET"))
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    found = dict(rows(warehouse, "stock"))
    assert len(found) == 9003
    assert (found["nut"], found[""], found['a "b",\n\\.']) == (3, None, 4)
    # A column that the file does not have gets its default.
    assert (found["n00000"], found["n08999"]) == (7, 7)
    some = database(postgres_url, "PARQUET", columns=["name"])
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=some, update=True)
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    assert dict(rows(warehouse, "stock"))["nut"] == 7


#: Of a column in PostgreSQL: its type, what is in the file, and what is in the table then.
TYPES: dict[str, tuple[str, pa.Array, list[object]]] = {
    "a_number": ("bigint", pa.array([2**40, None], pa.int64()), [2**40, None]),
    "a_large_number": ("numeric", pa.array([2**64 - 1, 0], pa.uint64()), [2**64 - 1, 0]),
    "a_ratio": ("double precision", pa.array([0.1, float("inf")]), [0.1, float("inf")]),
    "a_price": (
        "numeric(12,3)",
        pa.array([Decimal("-12.345"), None], pa.decimal128(12, 3)),
        [Decimal("-12.345"), None],
    ),
    "a_truth": ("boolean", pa.array([True, False]), [True, False]),
    "a_day": ("date", pa.array([date(2026, 2, 28), None]), [date(2026, 2, 28), None]),
    "a_time": ("time", pa.array([clock_time(1, 2, 3, 4), None]), [clock_time(1, 2, 3, 4), None]),
    "a_moment": (
        "timestamptz",
        pa.array(
            [datetime(2026, 7, 1, 12, 0, 0, 5, UTC), None], pa.timestamp("us", "Europe/Berlin")
        ),
        [datetime(2026, 7, 1, 12, 0, 0, 5, UTC), None],
    ),
    "a_wall_clock": (
        "timestamp",
        pa.array([datetime(2026, 7, 1, 12), None], pa.timestamp("ms")),
        [datetime(2026, 7, 1, 12), None],
    ),
    "a_wait": (
        "interval",
        pa.array([timedelta(hours=30, microseconds=1), None]),
        [timedelta(hours=30, microseconds=1), None],
    ),
    "some_bytes": ("bytea", pa.array([b"\0\xff", b""]), [b"\0\xff", b""]),
    "an_id": (
        "uuid",
        pa.array([UUID(int=7).bytes, None], pa.binary(16)),
        [UUID(int=7), None],
    ),
    "a_kind": ("text", pa.array(["x", "x"]).dictionary_encode(), ["x", "x"]),
    "some_tags": (
        "text[]",
        pa.array([['a "q"', None, "b\\,"], []], pa.list_(pa.string())),
        [['a "q"', None, "b\\,"], []],
    ),
    "some_lists": (
        "integer[]",
        pa.array([[[1, 2], [3, 4]], None], pa.list_(pa.list_(pa.int32()))),
        [[[1, 2], [3, 4]], None],
    ),
    "a_document": (
        "jsonb",
        pa.array([{"x": [1, None], "y": "é"}, None]),
        [{"x": [1, None], "y": "é"}, None],
    ),
    "a_map": (
        "jsonb",
        pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())),
        [{"k": 1}, {}],
    ),
}


@pytest.mark.postgres
def test_types_of_parquet(world, postgres_url: str, warehouse: psycopg.Connection) -> None:
    columns = ", ".join(f"{name} {kind}" for name, (kind, _, _) in TYPES.items())
    warehouse.execute(f"CREATE TABLE types (row integer, {columns})")  # type: ignore[arg-type]
    wanted = {"row": [1, 2], **{name: values for name, (_, values, _) in TYPES.items()}}
    world.repo("raw")
    world.put("raw", {"types": table_file(dict(reversed(wanted.items())))})
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=database(postgres_url, "PARQUET"))
    assert (job.state, job.reason) == (JobState.SUCCESS, "")
    _, *found = zip(*rows(warehouse, "types"), strict=True)
    assert dict(zip(TYPES, map(list, found), strict=True)) == {
        name: expected for name, (_, _, expected) in TYPES.items()
    }


@pytest.mark.postgres
def test_parquet_that_does_not_fit_is_told_by_file_and_column(
    world, postgres_url: str, warehouse: psycopg.Connection
) -> None:
    good = table_file({"name": ["nut"], "pieces": [3]})
    world.repo("raw")
    world.put("raw", {"stock/a": good})
    world.pipeline("out", "raw", COPY, glob="/", egress=database(postgres_url, "PARQUET"))
    for bad, reason in (
        (
            table_file({"name": ["bolt", "nail"], "pieces": ["7", "seven"]}),
            'invalid input syntax for type integer: "seven" (COPY stock, line 2, column pieces: '
            '"seven")',
        ),
        (
            table_file({"name": ["bolt"], "weight": [1.5]}),
            "the table has no column 'weight', which the file has; it has name, pieces",
        ),
        (b"name,pieces\nbolt,7\n", "it cannot be read as Parquet: "),
        (good[: len(good) // 2], "it cannot be read as Parquet: "),
    ):
        (job,) = world.commit_and_drive("raw", {"stock/b": bad})
        assert job.state is JobState.FAILURE
        assert f"'/stock/b' does not fit table 'stock': {reason}" in job.reason
        assert rows(warehouse, "stock") == [("nut", 3)]
    some = database(postgres_url, "PARQUET", columns=["name", "weight"])
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=some, update=True)
    assert "'/stock/a' does not fit table 'stock': it has no column 'weight'" in job.reason


@pytest.mark.postgres
def test_a_failure_keeps_the_commit_and_what_reads_it(
    world, postgres_url: str, warehouse: psycopg.Connection
) -> None:
    world.repo("raw")
    world.pipeline("out", "raw", COPY, glob="/", egress=database(postgres_url))
    world.pipeline("after", "out", COPY, glob="/")
    found = world.commit_and_drive("raw", {"prices/a": b"nut,5,\n", "missing/a": b"1\n"})
    assert [(job.pipeline, job.state) for job in found] == [
        ("out", JobState.FAILURE),
        ("after", JobState.SUCCESS),
    ]
    assert "has no table 'missing'" in found[0].reason
    assert found[0].output == world.head("out").id
    assert world.files("after") == world.files("out")
    assert rows(warehouse, "prices") == []
    warehouse.execute("CREATE TABLE missing (number integer)")
    found = world.commit_and_drive("raw", {"prices/b": b"bolt,6,\n"})
    assert [job.state for job in found] == [JobState.SUCCESS, JobState.SUCCESS]
    assert rows(warehouse, "missing") == [(1,)]
    assert rows(warehouse, "prices") == [("bolt", 6, None), ("nut", 5, None)]


@pytest.mark.postgres
def test_a_job_that_changes_nothing_makes_good_what_failed(
    world, postgres_url: str, warehouse: psycopg.Connection
) -> None:
    world.repo("raw")
    world.put("raw", {"missing/a": b"1\n"})
    world.pipeline("out", "raw", COPY, glob="/", egress=database(postgres_url))
    warehouse.execute("CREATE TABLE missing (number integer)")
    (job,) = world.pipeline(
        "out", "raw", COPY, glob="/", egress=database(postgres_url), update=True
    )
    assert (job.state, job.output) == (JobState.SUCCESS, None)
    assert rows(warehouse, "missing") == [(1,)]


@pytest.mark.postgres
def test_a_killed_engine_is_taken_over_from_where_it_was(
    world, postgres_url: str, warehouse: psycopg.Connection
) -> None:
    world.repo("raw")
    world.put("raw", {"prices/a": b"nut,5,\n"})
    with closing(psycopg.connect(postgres_url)) as holder:
        holder.execute("LOCK TABLE prices IN ACCESS EXCLUSIVE MODE")
        engine = subprocess.Popen([sys.executable, "-c", ENGINE, str(world.home)])
        try:
            create_pipeline(
                world.vs,
                {
                    "pipeline": {"name": "out"},
                    "transform": {
                        "cmd": ["sh", "-euc", f': >"$CALLS/$$"; {COPY}'],
                        "env": {"CALLS": str(world.calls)},
                    },
                    "input": {"pfs": {"name": "in", "repo": "raw", "glob": "/"}},
                    "egress": database(postgres_url),
                },
                "tester",
            )
            job = wait_for(world, JobState.EGRESSING)
            wait_until_blocked(warehouse)
        finally:
            os.kill(engine.pid, signal.SIGKILL)
            engine.wait()
        holder.rollback()
    assert world.head("out") is not None
    run = jobs.get_job(world.vs, job).run_id
    (done,) = world.drive(run)
    assert (done.state, done.reason) == (JobState.SUCCESS, "")
    assert done.output == world.head("out").id
    assert rows(warehouse, "prices") == [("nut", 5, None)]
    assert len(world.called()) == 1


def wait_for(world, state: JobState) -> str:
    while True:
        found = jobs.list_jobs(world.vs, "out")
        if found and found[0].state is state:
            return found[0].id
        assert not (found and found[0].state.is_terminal), found
        time.sleep(0.01)


def wait_until_blocked(connection: psycopg.Connection) -> None:
    while not connection.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
        time.sleep(0.01)


@pytest.mark.postgres
def test_a_database_that_is_away_is_waited_for(
    world, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_egress, "_FIRST_PAUSE", 0.02)
    name = f"later_{uuid4().hex}"
    url = postgres_url.replace(postgres_url.partition("@/")[2].partition("?")[0], name)
    world.repo("raw")
    world.put("raw", {"prices": b"nut,5\n"})
    seen: list[str] = []

    def make_it() -> None:
        while not any("does not answer" in line for line in seen):
            seen.extend(events(world))
        # The database comes with its table.
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}_"')  # type: ignore[arg-type]
            with psycopg.connect(url.replace(name, f"{name}_")) as other:
                other.execute("CREATE TABLE prices (name text, cents integer)")
            connection.execute(
                f'ALTER DATABASE "{name}_" RENAME TO "{name}"'  # type: ignore[arg-type]
            )

    monkeypatch.setattr(job_egress, "_TRIES", 1000)
    thread = threading.Thread(target=make_it)
    thread.start()
    try:
        (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=database(url))
    finally:
        thread.join()
    try:
        assert (job.state, job.reason) == (JobState.SUCCESS, "")
        with psycopg.connect(url) as connection:
            assert rows(connection, "prices") == [("nut", 5)]
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]


def events(world) -> list[str]:
    if not any(info.name == "out" for info in list_pipelines(world.vs)):
        return []
    found = jobs.list_jobs(world.vs, "out")
    with world.db.read() as conn:
        return [line.text for job in found for _, line in job_events.list_lines(conn, job.id)]


def test_a_database_that_stays_away_fails_the_job(world, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_egress, "_FIRST_PAUSE", 0.001)
    world.repo("raw")
    world.put("raw", {"prices/a": b"nut,5\n"})
    egress = database("postgresql://ada@127.0.0.1:1/none")
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=egress)
    assert job.state is JobState.FAILURE
    assert "postgresql://127.0.0.1:1/none does not answer" in job.reason
    assert sum("try " in line for line in events(world)) == 5
    assert world.files("out") == {"prices/a": b"nut,5\n"}


def test_a_password_comes_from_a_secret_and_is_never_told(
    world, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_egress, "_TRIES", 1)
    asked: list[str] = []

    def connect(conninfo: str) -> None:
        asked.append(conninfo)
        raise psycopg.OperationalError("no")

    monkeypatch.setattr(psycopg, "connect", connect)
    create_secret(world.vs, "warehouse", {"PACHYDERM_SQL_PASSWORD": b"hush hush\n"}, "tester")
    egress = database("postgresql://ada@db.example/sales")
    egress["sql_database"]["secret"] = {"name": "warehouse", "key": "PACHYDERM_SQL_PASSWORD"}
    world.repo("raw")
    world.put("raw", {"prices/a": b"nut,5\n"})
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=egress)
    assert "password='hush hush'" in asked[0]
    assert "hush" not in job.reason
    assert not any("hush" in line for line in events(world))


@pytest.mark.parametrize(
    ("egress", "reason"),
    [
        ({"URL": "s3://closed/prefix"}, "egress to s3://closed/prefix is not allowed here"),
        (database("postgresql://ada@127.0.0.1/db"), "which is no public address"),
    ],
)
def test_an_engine_for_others_goes_where_it_may(make_world, egress, reason: str) -> None:
    world = make_world(allow_egress=("s3://open/prefix", "postgresql://10.0.0.1/db"))
    world.repo("raw")
    world.put("raw", {"prices/a": b"nut,5\n"})
    (job,) = world.pipeline("out", "raw", COPY, glob="/", egress=egress)
    assert job.state is JobState.FAILURE
    assert reason in job.reason
