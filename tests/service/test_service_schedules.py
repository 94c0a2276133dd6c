"""Schedules as sequences of slots."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from argosy_schemas.errors import InvalidArgumentError
from argosy_service.database.times import SECOND, from_microseconds, to_microseconds
from argosy_service.errors import InvalidRequestError
from argosy_service.resources.recurring_runs.schedules import (
    SlotSchedule,
    check_cron,
    check_time_zone,
)

CREATED = "2026-05-01T12:00:00"


def at(text: str) -> int:
    return to_microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC)) if text else 0


def slots(schedule: SlotSchedule, count: int) -> list[str]:
    """The first slots, as times."""
    found: list[str] = []
    slot = schedule.first()
    while slot and len(found) < count:
        moment = from_microseconds(slot)
        assert moment is not None
        found.append(moment.strftime("%m-%d %H:%M:%S"))
        slot = schedule.after(slot)
    return found


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 30 9 * * *", ["05-02 09:30:00", "05-03 09:30:00"]),
        ("*/20 * * * * *", ["05-01 12:00:20", "05-01 12:00:40"]),
        ("0 0 12 * * MON-FRI", ["05-04 12:00:00", "05-05 12:00:00"]),
        ("0 0 0 13 * 5", ["05-08 00:00:00", "05-13 00:00:00"]),
        # Five fields: the day of the week is missing, not the second.
        ("0 0 1 1 *", ["06-01 01:00:00", "07-01 01:00:00"]),
        ("0 0 0 1 ? *", ["06-01 00:00:00", "07-01 00:00:00"]),
        ("@daily", ["05-02 00:00:00", "05-03 00:00:00"]),
        ("@hourly", ["05-01 13:00:00", "05-01 14:00:00"]),
        ("@every 1h30m", ["05-01 13:30:00", "05-01 15:00:00"]),
    ],
)
def test_cron_is_the_dialect_of_the_reference(cron: str, expected: list[str]) -> None:
    assert slots(SlotSchedule(created_at=at(CREATED), cron=check_cron(cron)), 2) == expected


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("", "its number of fields is 0, not 5 or 6"),
        ("words", "its number of fields is 1, not 5 or 6"),
        ("* * * *", "its number of fields is 4, not 5 or 6"),
        ("* * * * * * *", "its number of fields is 7, not 5 or 6"),
        ("61 * * * * *", "its second '61' cannot be read"),
        ("0 */0 * * * *", "its minute '*/0' cannot be read"),
        ("0 0,,1 * * * *", "its minute '0,,1' cannot be read"),
        ("0 0 24 * * *", "its hour '24' cannot be read"),
        ("0 0 0 L * *", "its day 'L' cannot be read"),
        ("0 0 0 * * 5#2", "its weekday '5#2' cannot be read"),
        ("0 0 0 30 2 *", "it is never due"),
        *((each, "it has no duration of a second or more") for each in ("@every", "@every 0s")),
        ("@every soon", "it has no duration of a second or more"),
        (f"@every {'9' * 400}h", ""),
        ("@reboot", "its number of fields is 1, not 5 or 6"),
    ],
)
def test_what_is_no_cron_is_refused(cron: str, reason: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_cron(cron)

    assert str(caught.value).startswith(f"cron: '{cron}' is no schedule: {reason}")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("", "", ["05-01 12:01:00", "05-01 12:02:00", "05-01 12:03:00"]),
        ("2026-05-01T13:00:00", "", ["05-01 13:00:00", "05-01 13:01:00", "05-01 13:02:00"]),
        # A start in the past: what was missed is caught up with.
        ("2026-05-01T11:00:00", "2026-05-01T11:02:00", ["05-01 11:01:00", "05-01 11:02:00"]),
        ("2026-05-01T13:00:00", "2026-05-01T13:00:00", ["05-01 13:00:00"]),
        ("", "2026-05-01T12:00:30", []),
    ],
)
def test_periods_begin_after_start_or_creation(start: str, end: str, expected: list[str]) -> None:
    schedule = SlotSchedule(
        created_at=at(CREATED), start_at=at(start), end_at=at(end), interval_seconds=60
    )

    assert slots(schedule, 3) == expected


def test_cron_keeps_to_its_bounds() -> None:
    schedule = SlotSchedule(
        created_at=at(CREATED),
        start_at=at("2026-05-01T11:00:00"),
        end_at=at("2026-05-01T11:02:00"),
        cron="0 * * * * *",
    )

    assert slots(schedule, 3) == ["05-01 11:01:00", "05-01 11:02:00"]


@pytest.mark.parametrize(
    "values",
    [
        {"interval_seconds": 2**60},
        {"cron": "@every 99999999999999999h"},
        {"cron": "0 0 0 * * *", "zone": "America/New_York"},
        {"cron": "0 0 0 * * *", "zone": "Asia/Tokyo"},
    ],
)
def test_no_slot_is_after_the_year_9999(values: dict[str, object]) -> None:
    check_cron(str(values.get("cron", "@daily")))
    last = at("9999-12-31T23:59:59")
    schedule = SlotSchedule(created_at=at(CREATED), start_at=last, **values)  # type: ignore[arg-type]

    assert schedule.after(last) == 0
    assert schedule.first() in (0, last)


def test_a_start_after_the_year_9999_has_no_slot() -> None:
    schedule = SlotSchedule(created_at=at(CREATED), start_at=2**60, cron="@daily")

    assert schedule.first() == 0


def test_without_a_trigger_it_is_due_once_at_once() -> None:
    assert slots(SlotSchedule(created_at=at(CREATED)), 3) == ["05-01 12:00:00"]


@pytest.mark.parametrize("values", [{"cron": "0 * * * * *"}, {"interval_seconds": 60}])
def test_the_latest_slot_skips_those_before(values: dict[str, object]) -> None:
    start = at("2026-05-01T11:00:00")
    schedule = SlotSchedule(created_at=at(CREATED), start_at=start, **values)  # type: ignore[arg-type]
    bounded = SlotSchedule(
        created_at=at(CREATED),
        start_at=start,
        end_at=at("2026-05-01T11:02:30"),
        **values,  # type: ignore[arg-type]
    )

    assert schedule.latest(schedule.first(), at(CREATED)) == at(CREATED)
    assert schedule.latest(schedule.first(), start) == schedule.first()
    assert bounded.latest(bounded.first(), at(CREATED)) == at("2026-05-01T11:02:00")


@pytest.mark.parametrize(
    ("created", "cron"),
    [
        # The clock changes after a day.
        *(("2026-10-24T12:00:00", cron) for cron in ("0 30 2 * * *", "0 */20 1-4 * * *")),
        *(("2026-03-28T12:00:00", cron) for cron in ("0 30 2 * * *", "0 */20 1-4 * * *")),
        ("2026-05-01T12:00:00", "0 0 0 13 * 5"),
        ("2026-05-01T12:00:00", "@every 7m"),
    ],
)
def test_the_latest_slot_is_the_one_that_the_walk_ends_with(created: str, cron: str) -> None:
    schedule = SlotSchedule(created_at=at(created), cron=cron, zone="Europe/Berlin")
    first = schedule.first()

    for now in range(first, first + 48 * 3600 * SECOND, 600 * SECOND + 1):
        slot = first
        while (following := schedule.after(slot)) <= now:
            slot = following
        assert schedule.latest(first, now) == slot


def test_the_latest_slot_of_many_is_found_at_once() -> None:
    schedule = SlotSchedule(created_at=at("1990-01-01T00:00:00"), cron="* * * * * *")
    begun = time.monotonic()

    latest = schedule.latest(schedule.first(), at(CREATED) + 5)

    assert latest == at(CREATED)
    # It would take hours to walk there.
    assert time.monotonic() - begun < 100


def test_fields_are_those_of_the_time_zone() -> None:
    schedule = SlotSchedule(created_at=at(CREATED), cron="0 30 2 * * *", zone="Europe/Berlin")

    assert slots(schedule, 2) == ["05-02 00:30:00", "05-03 00:30:00"]


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        # An hour that comes twice is due twice, one that is left out when it would have begun.
        ("2026-10-24T12:00:00", ["10-25 00:30:00", "10-25 01:30:00", "10-26 01:30:00"]),
        ("2026-03-28T12:00:00", ["03-29 01:00:00", "03-30 00:30:00", "03-31 00:30:00"]),
    ],
)
def test_a_change_of_the_clock_loses_no_slot(created: str, expected: list[str]) -> None:
    schedule = SlotSchedule(created_at=at(created), cron="0 30 2 * * *", zone="Europe/Berlin")

    assert slots(schedule, 3) == expected


def test_an_unknown_time_zone_is_refused() -> None:
    check_time_zone("Europe/Berlin")

    with pytest.raises(InvalidArgumentError, match="'Mars/Base' is not known; write it like"):
        check_time_zone("Mars/Base")
