"""What goes wrong in a database, told in datavc's own errors."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from datavc.errors import (
    AlreadyExists,
    Conflict,
    DatabaseUnavailable,
    DataCorrupt,
    DatavcError,
    InvalidInput,
    LostRace,
    OutOfSpace,
)

_UNIQUE_SQLITE = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")


def translate(error: SQLAlchemyError, where: str) -> DatavcError:
    """The error that says what *error* means; *where* names the database for the message."""
    if isinstance(error, PoolTimeout):
        return DatabaseUnavailable(
            f"no free connection to {where}", hint="too many requests at once; try again"
        )
    if isinstance(error, DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            found = _from_sqlite(error.orig, where)
        else:
            found = _from_sqlstate(error, where)
        if found is not None:
            return found
    if isinstance(error, DataError):
        return not_storable(where)
    if isinstance(error, (OperationalError, InterfaceError)):
        return DatabaseUnavailable(
            f"{where} does not answer: {_first_line(error)}", hint="check that it is reachable"
        )
    return DatavcError(f"{where} refused a statement: {_first_line(error)}")


def _from_sqlite(error: sqlite3.Error, where: str) -> DatavcError | None:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return locked(where)
    if name == "SQLITE_FULL":
        return OutOfSpace(f"no space left to write {where}", hint="free some disk space")
    if name in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return DataCorrupt(f"{where} is damaged, or not a database: {error}")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR")):
        return DatabaseUnavailable(
            f"{where} cannot be opened or written: {error}",
            hint="check that the folder exists and may be written",
        )
    if name in _UNIQUE_SQLITE:
        return AlreadyExists(f"it exists already: {error}")
    if name == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return Conflict(
            "something this refers to is gone, or is still in use", hint="look again and retry"
        )
    return None


def _from_sqlstate(error: DBAPIError, where: str) -> DatavcError | None:
    state: str = getattr(error.orig, "sqlstate", None) or ""
    if state == "53100":
        return OutOfSpace(f"no space left to write {where}", hint="free space on its server")
    if state == "55P03":
        return locked(where)
    if error.connection_invalidated or state[:2] in ("08", "53", "57"):
        return DatabaseUnavailable(
            f"{where} went away: {_first_line(error)}", hint="check its server, then try again"
        )
    if state in ("40001", "40P01"):
        return LostRace("another writer came first", hint="try again")
    if state == "23505":
        return AlreadyExists(f"it exists already: {_first_line(error)}")
    if state == "23503":
        return Conflict(
            "something this refers to is gone, or is still in use", hint="look again and retry"
        )
    if state[:2] == "XX":
        return DataCorrupt(f"{where} is damaged: {_first_line(error)}")
    return None


def locked(where: str) -> DatabaseUnavailable:
    """The error for a database that somebody else kept locked for too long."""
    return DatabaseUnavailable(
        f"{where} stayed locked by another writer", hint="let it finish, then try again"
    )


def not_storable(where: str) -> InvalidInput:
    """The error for a number or a text that the database has no form for."""
    return InvalidInput(
        f"{where} cannot hold a value that was given",
        hint="numbers have at most 63 bits, and texts no NUL character",
    )


def _first_line(error: SQLAlchemyError) -> str:
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return text.strip().partition("\n")[0]
