"""What PostgreSQL's states are told as. (SQLite's are provoked for real next door.)"""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from datavc.db.sql_errors import translate
from datavc.errors import (
    AlreadyExists,
    Conflict,
    DatabaseUnavailable,
    DataCorrupt,
    DatavcError,
    LostRace,
    OutOfSpace,
)


class DriverError(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("first line\nsecond line")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("53100", OutOfSpace),
        ("53300", DatabaseUnavailable),
        ("08006", DatabaseUnavailable),
        ("57P01", DatabaseUnavailable),
        ("55P03", DatabaseUnavailable),
        ("40001", LostRace),
        ("40P01", LostRace),
        ("23505", AlreadyExists),
        ("23503", Conflict),
        ("XX001", DataCorrupt),
        ("42601", DatavcError),
        (None, DatavcError),
    ],
)
def test_each_state_is_its_own_error(state: str | None, expected: type[DatavcError]) -> None:
    error = translate(DBAPIError("SELECT", None, DriverError(state)), "the database x")
    assert type(error) is expected
    assert "second line" not in str(error)


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_trouble_without_a_state_means_that_it_does_not_answer(kind: type[DBAPIError]) -> None:
    error = translate(kind("SELECT", None, DriverError(None)), "the database x")
    assert isinstance(error, DatabaseUnavailable)
    assert "the database x" in error.message


def test_a_lost_connection_is_unavailable_whatever_the_state() -> None:
    lost = ProgrammingError("SELECT", None, DriverError(None), connection_invalidated=True)
    assert isinstance(translate(lost, "the database x"), DatabaseUnavailable)


def test_no_free_connection_is_unavailable() -> None:
    assert isinstance(translate(PoolTimeout("QueuePool limit"), "x"), DatabaseUnavailable)
