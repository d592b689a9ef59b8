"""Opening a database, and its two kinds of transaction: :meth:`Database.read`, :meth:`~.write`."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Self

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from datavc.db.branch_turns import AdvisoryTurns, BranchTurns, FileTurns
from datavc.db.news import News, open_news
from datavc.db.schema_version import Schema, inspect_schema
from datavc.db.sql_errors import locked, not_storable, translate
from datavc.errors import DatabaseUnavailable, InvalidInput, UnknownFormat

#: How long a writer waits for another one, in seconds.
BUSY_TIMEOUT_S = 30.0

#: Connections to PostgreSQL that are kept open, and the most at once.
_KEPT = 8
_MOST = 20
#: Seconds for which nobody has used a connection when it is asked whether it still holds: to ask
#: each time would cost a small request a fifth of its time.
_RESTED_S = 0.5
_USED = "datavc_used"

_BEGIN = "datavc_begin"
_DURABLE = "datavc_durable"


class Database:
    """A database that is open. Safe to share between threads; not to carry across a fork."""

    def __init__(self, engine: Engine, where: str, turns: BranchTurns) -> None:
        self._engine = engine
        #: For those who commit to one branch.
        self.turns = turns
        self._where = where
        # SQLite lets one writer in at a time, and those who wait sleep and poll. Queueing the
        # threads of this process here hands the turn over at once.
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else None

    @classmethod
    def open(cls, url: str, *, migrate: bool = True) -> Self:
        """Open the database at *url*, and create or upgrade its tables where needed.

        Args:
            url: a SQLAlchemy URL; a bare ``postgresql://`` is given the psycopg driver.
            migrate: whether tables may be created or upgraded.

        Raises:
            InvalidInput: the URL is malformed, or names a database that is not supported.
            DatabaseUnavailable: it cannot be reached, or has no up-to-date tables and *migrate*
                is false.
            UnknownFormat: a newer datavc has upgraded it.
            DataCorrupt: the file is not a database.
        """
        database = cls.open_as_it_is(url)
        try:
            database._check_schema(migrate=migrate)
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def open_as_it_is(cls, url: str) -> Self:
        """Open the database at *url*, whatever its tables are.

        Raises:
            InvalidInput: as :meth:`open`.
        """
        parsed = _parse(url)
        return cls(_create_engine(parsed), _name(parsed), _turns(parsed))

    @property
    def dialect_name(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    @property
    def address(self) -> str:
        """A name for what is kept here, the same for all who use it; without credentials."""
        url = self._engine.url
        if url.get_backend_name() == "sqlite":
            return f"datavc://{socket.gethostname()}{Path(url.database or '').absolute().parent}"
        port = "" if url.port is None else f":{url.port}"
        return f"datavc://{url.host or socket.gethostname()}{port}/{url.database or ''}"

    def news(self, *, progress: bool = False) -> News:
        """Tells when somebody changes the database; the caller's to close.

        Args:
            progress: also of what makes no work for engines: how jobs come on.
        """
        return open_news(self._engine.url, progress=progress)

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._engine.dispose()
        self.turns.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one consistent state throughout.

        Raises:
            DatabaseUnavailable, DataCorrupt: from the block's statements too.
        """
        options: dict[str, object] = {_BEGIN: "BEGIN"}
        if self.dialect_name == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._transaction(options) as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that writes: committed when the block ends, undone when it raises.

        On SQLite it is the only writer from its first statement on. Not reentrant: a block must
        not open another ``write``.

        Args:
            durable: wait until a power cut cannot undo it. Otherwise one may, though never without
                all that was committed after it: enough for what only later transactions rely on.

        Raises:
            DatabaseUnavailable: the database is away, or stayed locked for 30 s.
            OutOfSpace: its disk is full.
            AlreadyExists, Conflict: a statement breaks a constraint.
            LostRace: PostgreSQL undid the transaction in favour of another one.
        """
        options: dict[str, object] = {_BEGIN: "BEGIN IMMEDIATE", _DURABLE: durable}
        with self._my_turn(), self._transaction(options) as connection:
            if not durable and self.dialect_name == "postgresql":
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")
            yield connection

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_S):
            raise locked(self._where)
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _transaction(self, options: dict[str, object]) -> Iterator[Connection]:
        try:
            with (
                self._engine.connect().execution_options(**options) as connection,
                connection.begin(),
            ):
                yield connection
        except SQLAlchemyError as error:
            raise translate(error, self._where) from error
        except OverflowError as error:
            # SQLAlchemy lets what SQLite's driver says of a number through as it is.
            if "SQLite" not in str(error):
                raise
            raise not_storable(self._where) from error

    def _check_schema(self, *, migrate: bool) -> None:
        with self.read() as connection:
            schema = inspect_schema(connection)
        if schema is Schema.NEWER:
            raise UnknownFormat(
                f"{self._where} was upgraded by a newer datavc", hint="upgrade datavc"
            )
        if schema is Schema.CURRENT:
            return
        if not migrate:
            raise DatabaseUnavailable(
                f"{self._where} has no up-to-date tables", hint="open it once with migrations on"
            )
        # Alembic is slow to import, and rarely needed.
        from datavc.db.migrations.upgrade import prepare, upgrade

        try:
            prepare(self._engine)
        except SQLAlchemyError as error:
            raise translate(error, self._where) from error
        with self.write() as connection:
            upgrade(connection)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InvalidInput(
            "the database address is malformed",
            hint="use sqlite:////path/file.db or postgresql://user:password@host/name",
        ) from None
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _turns(url: URL) -> BranchTurns:
    if url.get_backend_name() == "sqlite":
        return FileTurns(Path(f"{url.database}-turns"))
    return AdvisoryTurns(url)


def _name(url: URL) -> str:
    """How messages call the database; never shows a password."""
    if url.get_backend_name() == "sqlite":
        return f"the database {url.database}"
    return f"the database {url.render_as_string(hide_password=True)}"


def _create_engine(url: URL) -> Engine:
    backend = url.get_backend_name()
    if backend == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise InvalidInput(
                "a database in memory is not supported", hint="give the path of a file"
            )
        return _sqlite_engine(url)
    if backend == "postgresql":
        return _postgresql_engine(url)
    raise InvalidInput(
        f"databases of the kind {backend!r} are not supported", hint="use sqlite or postgresql"
    )


def _sqlite_engine(url: URL) -> Engine:
    # isolation_level None: the driver starts no transactions of its own; the events below do.
    engine = create_engine(
        url,
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT_S},
        max_overflow=-1,
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # 32 MiB (negative means KiB): the chunks of a large put are inserted all over the index.
        connection.execute("PRAGMA cache_size=-32768")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    # In WAL mode, NORMAL leaves the log to be synced by the next transaction that is.
    if _DURABLE in options:
        _set_synchronous(connection, "FULL" if options[_DURABLE] else "NORMAL")
    connection.exec_driver_sql(options.get(_BEGIN, "BEGIN"))


def _set_synchronous(connection: Connection, level: str) -> None:
    """Set what the connection does not have yet; inside a transaction it could not be changed."""
    info = connection.info
    if info.get(_DURABLE, "FULL") != level:
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        info[_DURABLE] = level


def _postgresql_engine(url: URL) -> Engine:
    try:
        engine = create_engine(url, pool_size=_KEPT, max_overflow=_MOST - _KEPT)
    except ModuleNotFoundError:
        raise DatabaseUnavailable(
            f"{_name(url)} needs a driver that is not installed",
            hint='pip install "datavc[postgres]"',
        ) from None
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_check_rested, engine.dialect))
    return engine


def _note_use(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info[_USED] = time.monotonic()


def _check_rested(
    dialect: Dialect,
    connection: DBAPIConnection,
    entry: ConnectionPoolEntry,
    _proxy: PoolProxiedConnection,
) -> None:
    """Ask a connection that has rested whether it still holds; what breaks at once is told anyway.

    Raises:
        InvalidatePoolError: the server went away, and all older connections with it.
    """
    used = entry.info.get(_USED)
    if used is None or time.monotonic() - used < _RESTED_S:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError(str(error)) from error
