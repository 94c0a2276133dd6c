"""When a ``CronWorkflow`` runs.

Argo 3.6 and later have a list of ``schedules``; 3.5 has one ``schedule``, which 4.0 no longer takes
(``pkg/apis/workflow/v1alpha1/cron_workflow_types.go``). The texts are those of
``github.com/robfig/cron/v3``, ``ParseStandard``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.values import JsonValue

_DESCRIPTOR: Final = re.compile(
    r"@(yearly|annually|monthly|weekly|daily|midnight|hourly)"
    r"|@every +([0-9]+(\.[0-9]+)?(h|m|s|ms|us|µs|ns))+"
)
_MONTHS: Final = [
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
]
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    greatest: int
    names: Sequence[str] = ()
    """Of its values, from the least on."""

    def read(self, text: str) -> int | None:
        if text.isdecimal():
            return int(text)
        named = text.lower()
        return self.names.index(named) + self.least if named in self.names else None


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 6, _DAYS),
)
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
    for given, field in zip(fields, _FIELDS, strict=True):
        for part in given.split(","):
            fault = _find_fault(part, field)
            if fault is not None:
                raise _make_error(text, f"has '{part}' as {field.name}, which {fault}")


def _find_fault(part: str, field: _Field) -> str | None:
    """Return what is wrong with a part of a field, e.g. ``1-5`` or ``*/10``; ``None``: nothing."""
    match = _RANGE.fullmatch(part)
    if match is None:
        return "is neither *, a number nor a range"
    values = [match[group] for group in ("first", "last") if match[group] is not None]
    numbers = [field.read(value) for value in values]
    if any(number is None or not field.least <= number <= field.greatest for number in numbers):
        return f"goes from {field.least} to {field.greatest}"
    if match["step"] is not None and int(match["step"]) == 0:
        return "has a step of 0"
    if numbers != sorted(number for number in numbers if number is not None):
        return "ends before it begins"
    return None


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
