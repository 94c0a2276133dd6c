"""Times as the database has them: microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECOND: Final = 1_000_000
"""Microseconds in a second."""


def to_microseconds(at: datetime | None) -> int:
    """Return a time as a number; 0 for ``None``."""
    return 0 if at is None else (at - _START) // timedelta(microseconds=1)


def to_datetime(number: int) -> datetime:
    """Return the time that a number stands for."""
    return _START + timedelta(microseconds=number)


def from_microseconds(number: int) -> datetime | None:
    """Return the time that a number stands for; ``None`` for 0."""
    return None if number == 0 else to_datetime(number)
