"""When a recurring run is due: cron and periodic schedules as sequences of slots.

The dialect of cron is the reference's: seconds first; five fields lack the day of the week;
``@daily`` and the like, ``@every 1h30m``. Slots begin after the start, or after the creation where
there is none, and end with the end; a periodic schedule whose start lies ahead begins with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterError

from argosy_schemas.errors import InvalidArgumentError
from argosy_service.database.times import SECOND, from_microseconds, to_microseconds
from argosy_service.errors import InvalidRequestError

_DESCRIPTORS: Final = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_EVERY: Final = re.compile(r"@every\s+((?:\d+(?:\.\d+)?(?:h|m|s))+)")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(h|m|s)")
_UNITS: Final = {"h": 3600, "m": 60, "s": 1}
_FIELD: Final = re.compile(
    r"(\d+|\*|\?|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat|[-,/])+",
    re.IGNORECASE,
)
_LAST: Final = 253_402_300_799 * SECOND
"""The end of the year 9999; no slot is later."""
_DAY: Final = 24 * 3600 * SECOND
_NAMES: Final = ("second", "minute", "hour", "day", "month", "weekday")
_ADVICE: Final = "write it like '0 30 9 * * MON-FRI': second, minute, hour, day, month, weekday"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotSchedule:
    """When a recurring run is due; times are those of the database, 0 where there is none."""

    created_at: int
    start_at: int = 0
    end_at: int = 0
    cron: str = ""
    interval_seconds: int = 0
    """Neither this nor ``cron``: it is due once, when it was created."""
    zone: str = "UTC"
    """Of the fields of ``cron``."""

    def first(self) -> int:
        """Return the first slot; 0: there is none."""
        if not self.cron and not self.interval_seconds:
            return self.created_at
        if self._interval and self.start_at > self.created_at:
            return self._limit(self.start_at)
        return self.after(self.start_at or self.created_at)

    def after(self, slot: int) -> int:
        """Return the slot that follows another one; 0: there is none."""
        if self._interval:
            return self._limit(slot + self._interval)
        return self._limit(self._next_of_cron(slot)) if self.cron else 0

    def latest(self, slot: int, now: int) -> int:
        """Return the last slot from ``slot`` on that is not after ``now``."""
        last = min(now, self.end_at or now)
        if self._interval:
            return slot + max(0, last - slot) // self._interval * self._interval
        if not self.cron or last <= slot:
            return slot
        # Slots are whole seconds, and only those before the given time are found.
        found: datetime = self._cron(last - last % SECOND + SECOND).get_prev(datetime)
        return max(slot, to_microseconds(found))

    @property
    def _interval(self) -> int:
        every = _read_every(self.cron) if self.cron.startswith("@every") else 0
        return (every or self.interval_seconds) * SECOND

    def _limit(self, slot: int) -> int:
        return 0 if slot > min(self.end_at or _LAST, _LAST) else slot

    def _next_of_cron(self, slot: int) -> int:
        if slot > _LAST - _DAY:
            return 0  # a time zone may have the year 10000 by then
        cron = self._cron(slot)
        try:
            found: datetime = cron.get_next(datetime)
        except (ValueError, OverflowError, CroniterError):
            return 0  # it would be after the year 9999
        return to_microseconds(found)

    def _cron(self, at: int) -> croniter:
        time = from_microseconds(at) or datetime(1970, 1, 1, tzinfo=UTC)
        return croniter(
            _normalize(self.cron), time.astimezone(ZoneInfo(self.zone)), second_at_beginning=True
        )


def check_time_zone(name: str) -> None:
    """Refuse a time zone that is not known.

    Raises:
        InvalidArgumentError: It is none.
    """
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise InvalidArgumentError(
            f"--time-zone: '{name}' is not known; write it like Europe/Berlin"
        ) from error


def check_cron(text: str) -> str:
    """Return the text of a cron schedule that can be read, and is due some time.

    Raises:
        InvalidRequestError: It cannot, or never is.
    """
    try:
        if text.startswith("@every"):
            if _read_every(text) < 1:
                raise ValueError("it has no duration of a second or more, like 1h30m")
        else:
            _check_fields(_normalize(text))
    except (ValueError, OverflowError) as error:
        raise InvalidRequestError(f"cron: '{text}' is no schedule: {error}; {_ADVICE}") from error
    return text


def _check_fields(cron: str) -> None:
    for index, field in enumerate(cron.split()):
        alone = ["*"] * len(_NAMES)
        alone[index] = field
        if not _is_due(" ".join(alone)):
            raise ValueError(f"its {_NAMES[index]} '{field}' cannot be read")
    if not _is_due(cron):
        raise ValueError("it is never due")


def _is_due(cron: str) -> bool:
    """Return whether a schedule can be read and is due some time."""
    try:
        croniter(cron, datetime(2026, 1, 1, tzinfo=UTC), second_at_beginning=True).get_next(
            datetime
        )
    except (ValueError, OverflowError, CroniterError):
        return False
    return True


def _normalize(text: str) -> str:
    """Return a cron schedule with its six fields.

    Raises:
        ValueError: It has others.
    """
    fields = _DESCRIPTORS.get(text.strip(), text).split()
    if len(fields) == 5:
        fields.append("*")
    if len(fields) != 6:
        raise ValueError(f"its number of fields is {len(fields)}, not 5 or 6")
    for name, field in zip(_NAMES, fields, strict=True):
        if not _FIELD.fullmatch(field):
            raise ValueError(f"its {name} '{field}' cannot be read")
    return " ".join("*" if each == "?" else each for each in fields)


def _read_every(text: str) -> int:
    """Return the seconds of ``@every``; 0 where they cannot be read."""
    match = _EVERY.fullmatch(text.strip())
    if match is None:
        return 0
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(match[1]))
    return int(seconds)
