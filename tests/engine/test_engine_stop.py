"""The wish to stop: what those who wait for it hear."""

from __future__ import annotations

import os
import select

import pytest

from argosy_engine.pods.stop import StopSignal
from argosy_schemas.formats.records import Failure, Reason

STOPPED = Failure(reason=Reason.CANCELED, message="the run was stopped")
LATE = Failure(reason=Reason.DEADLINE_EXCEEDED, message="the run did not end within 1 s")


def is_readable(stop: StopSignal) -> bool:
    return bool(select.select([stop.descriptor], [], [], 0)[0])


def test_nobody_hears_a_wish_that_was_not_uttered() -> None:
    stop = StopSignal()

    assert (stop.is_set, stop.is_forced, stop.failure) == (False, False, None)
    assert not is_readable(stop)


def test_the_first_wish_says_why_and_the_second_that_it_is_at_once() -> None:
    stop = StopSignal()

    stop.set(LATE)
    once = (stop.is_set, stop.is_forced, stop.failure, is_readable(stop))
    stop.set(STOPPED)
    twice = (stop.is_set, stop.is_forced, stop.failure, is_readable(stop))

    assert once == (True, False, LATE, True)
    assert twice == (True, True, LATE, True)


def test_a_signal_may_come_between_the_steps_of_a_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = StopSignal()
    close = os.close
    closed: list[int] = []

    def interrupted(descriptor: int) -> None:
        closed.append(descriptor)
        if len(closed) == 1:
            stop.set(STOPPED)
        close(descriptor)

    monkeypatch.setattr(os, "close", interrupted)
    stop.set(LATE)
    monkeypatch.undo()

    assert len(closed) == 1
    assert (stop.is_forced, stop.failure, is_readable(stop)) == (True, LATE, True)
