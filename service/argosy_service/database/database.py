"""A database that is open: transactions for reading and for writing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError

from argosy_schemas.errors import InvalidArgumentError, MachineError
from argosy_service.database.schema import prepare_schema
from argosy_service.errors import read_first_line
from argosy_service.file_locks import hold_file

_BUSY_MILLISECONDS: Final = 10_000
"""How long SQLite waits for another process that writes."""

_WRITES: Final = "argosy_writes"
_CLAIM: Final = 0x6172676F7379
"""The number of the advisory lock of a service."""


class Database:
    """One database; for any number of threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        # SQLite reads so anyway; PostgreSQL shows each query what others did meanwhile.
        level = {} if self._is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reading = engine.execution_options(**level)
        # SQLite has one writer. Threads that wait here wait in turn, and no longer than needed.
        self._writing = threading.Lock()
        self._file = engine.url.database if self._is_sqlite else None
        self._file_id: tuple[int, int] | None = None
        """The file that was there at first; ``None``: not known so far."""

    @property
    def url(self) -> str:
        """What :func:`open_database` takes, password and all."""
        return self._engine.url.set(drivername=self._engine.dialect.name).render_as_string(
            hide_password=False
        )

    @property
    def is_shared(self) -> bool:
        """Whether services of several machines may use it."""
        return not self._is_sqlite

    @contextmanager
    def read(self) -> Generator[Connection]:
        """Yield a connection that sees the database as it is at the first query."""
        self._check_file()
        with self._reading.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """Yield a connection whose changes are kept when the block ends without an error."""
        self._check_file()
        with self._writing if self._is_sqlite else nullcontext(), self._engine.connect() as opened:
            connection = opened.execution_options(**{_WRITES: True})
            with connection.begin():
                yield connection

    @contextmanager
    def claim(self) -> Generator[None]:
        """Keep services of other homes from the database while the block lasts.

        Each of them would begin all its runs. SQLite: a lock on ``<database>.lock``; PostgreSQL: an
        advisory lock, which goes with its connection.

        Raises:
            MachineError: Another service has claimed it.
        """
        shown = self._engine.url.render_as_string()
        if self._is_sqlite:
            with hold_file(Path(f"{self._engine.url.database}.lock")) as is_held:
                if not is_held:
                    raise MachineError(_explain_claim(shown))
                yield
            return
        with self._engine.connect() as opened:
            connection = opened.execution_options(isolation_level="AUTOCOMMIT")
            query = select(func.pg_try_advisory_lock(_CLAIM))
            if not connection.execute(query).scalar_one():
                raise MachineError(_explain_claim(shown))
            try:
                yield
            finally:
                # The server notices the end of a connection a moment later than the next service
                # may ask, so the lock is given back; with a connection that is gone it is free.
                with suppress(DBAPIError):
                    connection.execute(select(func.pg_advisory_unlock(_CLAIM)))
                connection.invalidate()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _check_file(self) -> None:
        """Refuse to go on where the file was removed: what is written then is lost at the end."""
        if self._file is None:
            return
        try:
            status = os.stat(self._file)
            found = (status.st_dev, status.st_ino)
        except OSError:
            found = None
        if self._file_id is None:
            self._file_id = found
        elif found != self._file_id:
            gone = FileNotFoundError(f"'{self._file}' was removed or replaced")
            raise OperationalError(None, None, gone)


def open_database(
    url: str, *, prepare: Callable[[Connection], object] = prepare_schema
) -> Database:
    """Return the database behind a URL.

    Args:
        url: ``sqlite:///PATH`` or ``postgresql://USER:PASSWORD@HOST/NAME``.
        prepare: Sees to it that the tables are those of this release.

    Raises:
        InvalidArgumentError: It is no such URL.
        MachineError: The database cannot be reached or written, or is that of another release.
    """
    engine = _make_engine(url)
    database = Database(engine)
    try:
        with database.write() as connection:
            prepare(connection)
    except DatabaseError as error:
        engine.dispose()
        reason = read_first_line(error.orig or error)
        shown = engine.url.render_as_string()
        has_file = not isinstance(error, OperationalError)  # one that is no database
        if database.is_shared or has_file or Path(engine.url.database or "").is_absolute():
            remedy = "check --database and --home"
        else:
            remedy = "a path that begins at the root takes four slashes, as in sqlite:////data/a.db"
        raise MachineError(f"the database '{shown}' cannot be used: {reason}; {remedy}") from error
    except BaseException:
        engine.dispose()
        raise
    return database


def _make_engine(text: str) -> Engine:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise InvalidArgumentError(_explain(text)) from error
    if url.drivername == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise InvalidArgumentError(
                f"the database URL '{text}' names no file; write sqlite:///PATH"
            )
        engine = create_engine(url, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if url.drivername in ("postgresql", "postgres"):
        try:
            return create_engine(
                url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=20
            )
        except ImportError as error:
            raise MachineError(
                "PostgreSQL needs the package 'psycopg'; install Argosy with its extra 'postgresql'"
            ) from error
    raise InvalidArgumentError(_explain(text))


def _explain_claim(shown: str) -> str:
    return (
        f"another service runs pipelines of the database '{shown}' on its own machine; stop it, or "
        "choose another --database"
    )


def _explain(text: str) -> str:
    kind = text.partition("://")[0]
    return (
        f"the database URL begins with '{kind}'; write sqlite:///PATH or "
        "postgresql://USER:PASSWORD@HOST/NAME"
    )


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say
    for pragma in ("journal_mode=WAL", f"busy_timeout={_BUSY_MILLISECONDS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # One that reads first and writes later could not wait for another writer.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
