"""Deletes runs that nobody wants any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from argosy_service.database.database import Database
from argosy_service.database.tables import DELETED_RUNS, RUNS
from argosy_service.database.times import to_microseconds
from argosy_service.resources.experiments import ARCHIVED, AVAILABLE
from argosy_service.resources.runs.removing import remove_run

_EVERY: Final = timedelta(minutes=1)
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long runs are kept after their end; ``None``: for ever."""

    runs: timedelta | None = None
    archived: timedelta | None = None
    """Of archived runs; ``None``: as others."""


class Cleaner:
    """The job that deletes runs, with the artifacts that no other run uses."""

    def __init__(
        self, database: Database, retention: Retention, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._clock = clock
        limits = {AVAILABLE: retention.runs, ARCHIVED: retention.archived or retention.runs}
        self._limits = {state: limit for state, limit in limits.items() if limit is not None}
        self._next_at: datetime | None = None

    def step(self) -> bool:
        """Delete some runs, once a minute; return whether there will be more soon."""
        now = self._clock()
        if not self._limits or (self._next_at is not None and now < self._next_at):
            return False
        self._next_at = now + _EVERY
        with self._database.write() as connection:
            # Those that were deleted first: an engine takes a while for each.
            waiting: int = connection.execute(
                select(func.count()).select_from(DELETED_RUNS)
            ).scalar_one()
            if waiting >= _AT_ONCE:
                return False
            for state, limit in self._limits.items():
                for run_id in _list_ended(connection, state, to_microseconds(now - limit)):
                    remove_run(connection, run_id, artifacts=True, now=to_microseconds(now))
        return False


def _list_ended(connection: Connection, storage_state: str, before: int) -> list[str]:
    query = (
        select(RUNS.c.id)
        .where(
            RUNS.c.storage_state == storage_state,
            # They were created even earlier; only by that an index finds them.
            RUNS.c.created_at < before,
            RUNS.c.finished_at > 0,
            RUNS.c.finished_at < before,
        )
        .order_by(RUNS.c.created_at, RUNS.c.id)
        .limit(_AT_ONCE)
    )
    return list(connection.execute(query).scalars())
