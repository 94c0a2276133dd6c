"""The thread in which the jobs of the service take turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from argosy_service.health import Health
from argosy_service.resources.changes import Changes

_BUSY_SECONDS: Final = 0.2
"""How long it rests where there will be more to do soon."""

_REST_SECONDS: Final = 1.0
"""And where nobody says that there is: schedules are due by then, whatever the clock does."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is done again and again."""

    name: str
    """As metrics and warnings call it."""
    step: Callable[[], bool]
    """Does what is to be done now; returns whether there will be more soon."""


@contextmanager
def run_in_background(
    jobs: Sequence[Job], changes: Changes, health: Health | None = None
) -> Generator[None]:
    """Take the steps of jobs, again and again, for as long as the block lasts.

    Args:
        jobs: What is to be done, in this order.
        changes: Says that there is something to do.
        health: Is told of each round.
    """
    over = threading.Event()
    told = health or Health()

    def work() -> None:
        while not over.is_set():
            is_busy = any([take_step(job, told) for job in jobs])
            told.beat()
            changes.wait(_BUSY_SECONDS if is_busy else _REST_SECONDS)

    thread = threading.Thread(target=work, name="background")
    thread.start()
    try:
        yield
    finally:
        over.set()
        changes.notify()
        thread.join()


def take_step(job: Job, health: Health) -> bool:
    """Take one step of a job; return whether there will be more to do soon.

    One that fails is told to ``health``, and keeps no other job from going on.
    """
    try:
        return job.step()
    except Exception as error:  # the edge of the thread: the next time may succeed
        health.fail(job.name, error)
        return False
