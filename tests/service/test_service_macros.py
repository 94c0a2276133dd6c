"""Macros in parameters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from argosy_schemas.values import JsonValue
from argosy_service.resources.specs.macros import MacroValues, format_in_layout, replace_macros

NOW = datetime(2026, 5, 1, 12, 3, 4, 120000, tzinfo=UTC)
SLOT = datetime(2026, 4, 30, 21, 0, 0, tzinfo=UTC)
ONE_OFF = MacroValues(run_id="r1", current_time=NOW)
SCHEDULED = MacroValues(run_id="r1", current_time=NOW, scheduled_time=SLOT, index=7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[RunUUID]]", "r1"),
        ("a-[[RunUUID]]-[[Index]]-b", "a-r1-7-b"),
        ("[[CurrentTime]]", "20260501120304"),
        ("[[ScheduledTime]]", "20260430210000"),
        ("[[CurrentTime.2006-01-02]]/[[ScheduledTime.15:04]]", "2026-05-01/21:00"),
        ("{{$.currentTime.strftime('%Y/%m')}}", "2026/05"),
        ('{{$.scheduledTime.strftime("%d")}}', "30"),
        ("[[Other]] [[Index.1]] [[", "[[Other]] [[Index.1]] [["),
        ("{{$.currentTime}}", "{{$.currentTime}}"),
    ],
)
def test_texts_get_what_macros_stand_for(text: str, expected: str) -> None:
    assert replace_macros({"p": text}, SCHEDULED) == {"p": expected}


def test_what_a_run_does_not_have_stays() -> None:
    text = "[[Index]] [[ScheduledTime]] [[ScheduledTime.2006]] {{$.scheduledTime.strftime('%Y')}}"

    assert replace_macros({"p": text}, ONE_OFF) == {"p": text}


def test_only_texts_have_macros() -> None:
    given: Mapping[str, JsonValue] = {"number": 1, "list": ["[[RunUUID]]"], "none": None}

    assert replace_macros(given, ONE_OFF) == given


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("2006-01-02T15:04:05Z07:00", "2026-05-01T12:03:04Z"),
        ("Mon Jan _2 15:04:05 MST 2006", "Fri May  1 12:03:04 UTC 2026"),
        ("Monday, 02-January-06 03:04PM", "Friday, 01-May-26 12:03PM"),
        ("1/2/06 3:4:5pm -0700 -07:00", "5/1/26 12:3:4pm +0000 +00:00"),
        ("15:04:05.000 .999 .000000", "12:03:04.120 .12 .120000"),
        ("002", "121"),
        ("", ""),
    ],
)
def test_layouts_are_those_of_go(layout: str, expected: str) -> None:
    assert format_in_layout(NOW, layout) == expected
