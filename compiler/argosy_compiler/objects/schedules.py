"""When a ``CronWorkflow`` runs.

Argo 3.6 and later have a list of ``schedules``; 3.5 has one ``schedule``, which 4.0 no longer takes
(``pkg/apis/workflow/v1alpha1/cron_workflow_types.go``). The texts are those of
``github.com/robfig/cron/v3``, ``ParseStandard``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.values import JsonValue

_DESCRIPTOR: Final = re.compile(
    r"@(yearly|annually|monthly|weekly|daily|midnight|hourly)"
    r"|@every +([0-9]+(\.[0-9]+)?(h|m|s|ms|us|µs|ns))+"
)
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
"""Name, least and greatest value, names of values."""
_RANGE: Final = re.compile(
    r"(?:(?P<all>[*?])|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?"
)


class Concurrency(StrEnum):
    """What happens at the time of a run while the one before still runs."""

    ALLOW = "Allow"
    FORBID = "Forbid"
    REPLACE = "Replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When runs start."""

    times: tuple[str, ...]
    """At least one: five fields (minute, hour, day of the month, month, day of the week), or one
    like ``@daily`` or ``@every 90m``."""
    timezone: str | None = None
    """In which the times are, e.g. ``Europe/Berlin``; ``None``: that of Argo's controller."""
    concurrency: Concurrency = Concurrency.ALLOW
    is_suspended: bool = False
    """Whether nothing runs until somebody resumes it."""

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            InvalidArgumentError: Argo would not take it.
        """
        for text in self.times:
            _check_time(text)
        if self.timezone is not None:
            _check_timezone(self.timezone)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the fields of the ``CronWorkflow``."""
        spec: dict[str, JsonValue] = {"schedules": list(self.times)}
        if self.timezone is not None:
            spec["timezone"] = self.timezone
        spec["concurrencyPolicy"] = self.concurrency.value
        if self.is_suspended:
            spec["suspend"] = True
        return spec


def _check_time(text: str) -> None:
    if text.startswith("@"):
        if _DESCRIPTOR.fullmatch(text) is None:
            raise _make_error(
                text, "is none of @yearly, @monthly, @weekly, @daily, @hourly, @every 1h"
            )
        return
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise _make_error(
            text,
            f"has {len(fields)} fields and not five: minute, hour, day of the month, month, day of "
            "the week",
        )
    for field, (name, least, greatest, names) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            match = _RANGE.fullmatch(part)
            if match is None:
                raise _make_error(
                    text, f"has '{part}' as {name}, which is neither *, a number nor a range"
                )
            values = [match[group] for group in ("first", "last") if match[group] is not None]
            numbers = [_read_value(value, least, names) for value in values]
            if any(number is None or not least <= number <= greatest for number in numbers):
                raise _make_error(
                    text, f"has '{part}' as {name}, which goes from {least} to {greatest}"
                )
            if match["step"] is not None and int(match["step"]) == 0:
                raise _make_error(text, f"has a step of 0 as {name}")
            first, *last = (number for number in numbers if number is not None) if numbers else (0,)
            if last and last[0] < first:
                raise _make_error(text, f"has '{part}' as {name}, which ends before it begins")


def _read_value(text: str, least: int, names: tuple[str, ...]) -> int | None:
    if text.isdecimal():
        return int(text)
    return names.index(text.lower()) + least if text.lower() in names else None


def _check_timezone(name: str) -> None:
    # Only with the option; the database is no part of Python everywhere.
    import zoneinfo

    known = zoneinfo.available_timezones()
    if known and name not in known:
        raise InvalidArgumentError(
            f"--timezone {name!r} is no time zone; write one like Europe/Berlin or UTC"
        )


def _make_error(text: str, fault: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"--schedule '{text}' {fault}; write one like '30 5 * * 1-5' or @daily"
    )
