"""Keeps the numbers of runs short: each change of a run adds a line to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from argosy_service.database.counting import add_counts
from argosy_service.database.database import Database

_EVERY: Final = timedelta(seconds=30)


class CountAdder:
    """The job that adds lines that are alike."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._next_at: datetime | None = None

    def step(self) -> bool:
        """Add them, twice a minute where there are many; there is never more soon."""
        now = self._clock()
        if self._next_at is None or now >= self._next_at:
            self._next_at = now + _EVERY
            with self._database.write() as connection:
                add_counts(connection)
        return False
