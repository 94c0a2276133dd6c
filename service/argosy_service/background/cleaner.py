"""Deletes runs that nobody wants any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, select

from argosy_service.database.database import Database
from argosy_service.database.tables import RUNS
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
        archived = retention.runs if retention.archived is None else retention.archived
        limits = {AVAILABLE: retention.runs, ARCHIVED: archived}
        self._limits = {state: limit for state, limit in limits.items() if limit is not None}
        self._next_at: datetime | None = None

    def step(self) -> bool:
        """Delete some runs, once a minute; return whether there will be more soon."""
        now = self._clock()
        if not self._limits or (self._next_at is not None and now < self._next_at):
            return False
        self._next_at = now + _EVERY
        room = _AT_ONCE
        for state, limit in self._limits.items():
            is_old = _is_old(state, to_microseconds(now - limit))
            for run_id in self._list(is_old, room):
                room -= 1
                self._remove(run_id, is_old, to_microseconds(now))
        return False

    def _list(self, is_old: ColumnElement[bool], most: int) -> Sequence[str]:
        query = select(RUNS.c.id).where(is_old).order_by(RUNS.c.created_at, RUNS.c.id).limit(most)
        with self._database.read() as connection:
            return connection.execute(query).scalars().all()

    def _remove(self, run_id: str, is_old: ColumnElement[bool], now: int) -> None:
        """Delete a run that is old still: it may have been retried or deleted meanwhile."""
        query = select(RUNS).where(RUNS.c.id == run_id, is_old).with_for_update()
        # Each by itself: to hold one and wait for another might be for ever.
        with self._database.write() as connection:
            row = connection.execute(query).first()
            if row is not None:
                remove_run(connection, row, artifacts=True, now=now)


def _is_old(storage_state: str, before: int) -> ColumnElement[bool]:
    return and_(
        RUNS.c.storage_state == storage_state,
        # They were created even earlier; only by that an index finds them.
        RUNS.c.created_at < before,
        RUNS.c.finished_at > 0,
        RUNS.c.finished_at < before,
    )
