"""Durations as Argo writes them in retry strategies."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

LONGEST_DURATION: Final = timedelta(days=365)
"""Limit of a growing backoff, which could otherwise overflow."""

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_PART: Final = re.compile(r"(\d+)([smhd]?)")


def parse_duration(text: str) -> timedelta | None:
    """Return what ``5``, ``5s``, ``1m30s``, ``1h`` or ``1d`` means; ``None`` for other text."""
    if not re.fullmatch(f"(?:{_PART.pattern})+", text):
        return None
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    return (
        min(timedelta(seconds=seconds), LONGEST_DURATION) if seconds < 10**9 else LONGEST_DURATION
    )
