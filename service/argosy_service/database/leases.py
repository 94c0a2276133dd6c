"""Which of several services on one database does the jobs in the background.

A lease is a row that names its holder and says until when; the times are those of the database, so
that the clocks of services need not agree. A holder that stops for longer than the lease lasts may
find another one when it goes on. So a lease saves work, and nothing depends on it: each job does
nothing that was done before.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, cast, delete, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import BigInteger

from argosy_schemas.logger import Logger
from argosy_service.database.database import Database
from argosy_service.database.inserting import insert_missing
from argosy_service.database.tables import LEASES
from argosy_service.database.times import SECOND
from argosy_service.errors import describe_error

BACKGROUND: Final = "background"
"""The lease of the jobs that start, watch and remove runs."""

LEASE_SECONDS: Final = 15.0
"""How long the jobs may rest when their holder has died."""

_LOGGER: Final = Logger("service.leases")


class Lease:
    """The lease of one name, as one service wants it; for one thread."""

    def __init__(
        self,
        database: Database,
        *,
        name: str,
        holder: str,
        seconds: float = LEASE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hold nothing yet.

        Args:
            database: Has the lease.
            name: Of the lease.
            holder: Names this service, and no other.
            seconds: How long the lease lasts when it is not renewed.
            monotonic: The clock.
        """
        self._database = database
        self._name = name
        self._holder = holder
        self._seconds = seconds
        self._monotonic = monotonic
        self._ask_at = float("-inf")
        self._ends_at = float("-inf")

    def hold(self) -> bool:
        """Return whether this service has the lease; take it, or renew it, where it can."""
        now = self._monotonic()
        if now >= self._ask_at:
            self._ask_at = now + self._seconds / 3
            try:
                if self._take():
                    # As of the question: it may have taken a while.
                    self._ends_at = now + self._seconds
                else:
                    self._ends_at = now
            except SQLAlchemyError as error:
                _LOGGER.warning(
                    "the lease '%s' cannot be renewed: %s", self._name, describe_error(error)
                )
        return self._monotonic() < self._ends_at

    def release(self) -> None:
        """Let the next one have it at once."""
        self._ask_at = self._ends_at = float("-inf")
        columns = LEASES.c
        own = delete(LEASES).where(columns.name == self._name, columns.holder == self._holder)
        try:
            with self._database.write() as connection:
                connection.execute(own)
        except SQLAlchemyError as error:
            _LOGGER.warning(
                "the lease '%s' cannot be released: %s", self._name, describe_error(error)
            )

    def _take(self) -> bool:
        columns = LEASES.c
        with self._database.write() as connection:
            now = _read_clock(connection)
            values = {"holder": self._holder, "expires_at": now + int(self._seconds * SECOND)}
            free = or_(columns.holder == self._holder, columns.expires_at <= now)
            taken = connection.execute(
                update(LEASES)
                .where(columns.name == self._name, free)
                .values(**values)
                .returning(columns.name)
            ).first()
            if taken is not None:
                return True
            return insert_missing(connection, LEASES, {"name": self._name, **values})


def _read_clock(connection: Connection) -> int:
    """Return the time of the database, in microseconds since 1970."""
    seconds: Any = func.extract("epoch", func.clock_timestamp())
    if connection.dialect.name == "sqlite":
        seconds = (func.julianday("now") - 2440587.5) * 86400
    return int(connection.execute(select(cast(seconds * SECOND, BigInteger))).scalar_one())
