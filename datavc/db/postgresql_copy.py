"""``COPY``, by far the fastest way of rows into PostgreSQL. Needs the ``postgres`` extra."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError


def copy_rows(
    connection: Connection, target: str, types: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Append *rows* to *target* in the connection's transaction.

    Args:
        connection: to a PostgreSQL database.
        target: a table, with its columns in brackets; taken literally.
        types: the columns' PostgreSQL types.
        rows: one value a column.

    Raises:
        OperationalError: SQLAlchemy's, whatever went wrong.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("COPY needs a connection of psycopg")
    statement = f"COPY {target} FROM STDIN (FORMAT BINARY)"
    try:
        with driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise OperationalError(statement, None, error) from error
