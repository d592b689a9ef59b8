"""Tables that are made one area at a time."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from sqlalchemy import MetaData, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from datavc.db import tables
from datavc.db.tables import METADATA

AREAS = ("refs", "commits", "storage", "pipelines", "jobs", "s3", "access", "service")


def tables_of(area: str) -> list[Table]:
    module = import_module(f"datavc.db.tables.{area}")
    return [value for value in vars(module).values() if isinstance(value, Table)]


def test_every_table_is_in_an_area_and_can_be_named() -> None:
    made = {table.name for area in AREAS for table in tables_of(area)}
    named = {getattr(tables, name).name for name in tables.__all__ if name != "METADATA"}
    assert made == named == set(METADATA.tables)


def test_metadata_has_all_tables_in_a_process_that_has_asked_for_none() -> None:
    script = "from datavc.db.tables import METADATA; print(len(METADATA.tables))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert int(ran.stdout) == len(METADATA.tables)


def test_no_other_name() -> None:
    with pytest.raises(AttributeError, match="Nothing"):
        _ = tables.Nothing


@pytest.mark.parametrize("area", AREAS)
def test_statements_need_no_table_of_another_area(area: str) -> None:
    alone = MetaData(naming_convention=METADATA.naming_convention)
    for table in [each.to_metadata(alone) for each in tables_of(area)]:
        first = next(iter(table.c))
        for dialect in (sqlite.dialect(), postgresql.dialect()):
            for statement in (
                select(table).where(first.is_(None)),
                insert(table).returning(first),
                update(table).values({first: None}),
                delete(table),
            ):
                assert table.name in str(statement.compile(dialect=dialect))
