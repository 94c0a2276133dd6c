"""Macros in the parameters of a run: texts that stand for the run's id, its times and its number.

``[[RunUUID]]``, ``[[CurrentTime]]``, ``[[ScheduledTime]]`` and ``[[Index]]``, times also with a
layout of Go, ``[[CurrentTime.2006-01-02]]``, and ``{{$.currentTime.strftime('%Y')}}``. They count
in parameters that are texts. What a run does not have, or cannot be written, stays as it is.

Source: KFP's ``parameter_formatter.go``; layouts: Go's package ``time``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from argosy_schemas.values import JsonValue

_MACRO: Final = re.compile(
    r"\[\[(?P<name>RunUUID|Index|CurrentTime|ScheduledTime)(?:\.(?P<layout>.*?))?\]\]"
    r"|\{\{\$\.(?P<time>currentTime|scheduledTime)\.strftime\((?P<quote>['\"])(?P<format>.*?)"
    r"(?P=quote)\)\}\}"
)
_DEFAULT_LAYOUT: Final = "20060102150405"


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroValues:
    """What macros stand for in a run."""

    run_id: str
    current_time: datetime
    """When the run was made; in UTC, as all times."""
    scheduled_time: datetime | None = None
    """The slot of a recurring run, or the time that was given; ``None``: neither."""
    index: int | None = None
    """The number of the run among those of its recurring run, from 1."""


def replace_macros(
    parameters: Mapping[str, JsonValue], values: MacroValues
) -> dict[str, JsonValue]:
    """Return parameters with the macros in those that are texts replaced."""
    return {
        name: _replace(value, values) if isinstance(value, str) else value
        for name, value in parameters.items()
    }


def _replace(text: str, values: MacroValues) -> str:
    def resolve(match: re.Match[str]) -> str:
        found = _resolve(match, values)
        return match[0] if found is None else found

    return _MACRO.sub(resolve, text)


def _resolve(match: re.Match[str], values: MacroValues) -> str | None:
    """Return what a macro stands for; ``None``: nothing in this run."""
    name, layout = match["name"], match["layout"]
    if name in ("RunUUID", "Index"):
        if layout is not None:
            return None
        found = values.run_id if name == "RunUUID" else values.index
        return None if found is None else str(found)
    is_current = name == "CurrentTime" or match["time"] == "currentTime"
    at = values.current_time if is_current else values.scheduled_time
    if at is None:
        return None
    if match["time"] is None:
        return format_in_layout(at, _DEFAULT_LAYOUT if layout is None else layout)
    try:
        return at.strftime(match["format"])
    except ValueError:
        return None


def format_in_layout(at: datetime, layout: str) -> str:
    """Return a time in a layout of Go, e.g. ``2006-01-02T15:04:05Z07:00``."""
    return _TOKEN.sub(lambda token: _format_token(at, token[0]), layout)


def _format_token(at: datetime, token: str) -> str:
    if token[0] in ".," and token[1:].strip("0") == "":
        return token[0] + f"{at.microsecond:06}".ljust(9, "0")[: len(token) - 1]
    if token[0] in ".,":
        digits = f"{at.microsecond:06}".ljust(9, "0")[: len(token) - 1].rstrip("0")
        return token[0] + digits if digits else ""
    return at.strftime(_FORMATS[token]) if token in _FORMATS else _NUMBERS[token](at)


_FORMATS: Final = {
    "January": "%B",
    "Jan": "%b",
    "Monday": "%A",
    "Mon": "%a",
    "MST": "%Z",
    "2006": "%Y",
    "-07:00": "+00:00",
    "-0700": "+0000",
    "-07": "+00",
    "Z07:00": "Z",
    "Z0700": "Z",
    "Z07": "Z",
    "PM": "%p",
    "002": "%j",
    "01": "%m",
    "02": "%d",
    "03": "%I",
    "04": "%M",
    "05": "%S",
    "06": "%y",
    "15": "%H",
}
"""What Go writes for a part of a layout, of a time in UTC, in the words of ``strftime``."""

_NUMBERS: Final[Mapping[str, Callable[[datetime], str]]] = {
    "pm": lambda at: at.strftime("%p").lower(),
    "_2": lambda at: f"{at.day:2}",
    "1": lambda at: str(at.month),
    "2": lambda at: str(at.day),
    "3": lambda at: str(at.hour % 12 or 12),
    "4": lambda at: str(at.minute),
    "5": lambda at: str(at.second),
}

_TOKEN: Final = re.compile(
    "|".join(re.escape(token) for token in sorted((*_FORMATS, *_NUMBERS), key=len, reverse=True))
    + r"|[.,](?:0+|9+)(?![0-9])"
)
