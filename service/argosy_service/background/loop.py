"""The thread in which the jobs of the service take turns."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final, TypeAlias

from argosy_schemas.logger import Logger
from argosy_service.health import Health
from argosy_service.resources.changes import Changes

_LOGGER: Final = Logger("service.background")

_BUSY_SECONDS: Final = 0.2
"""How long it rests where there will be more to do soon."""

_REST_SECONDS: Final = 1.0
"""And where nobody says that there is: schedules are due by then, whatever the clock does."""

Step: TypeAlias = Callable[[], bool]
"""Does what is to be done now; returns whether there will be more soon."""


@contextmanager
def run_in_background(
    steps: Sequence[Step], changes: Changes, health: Health | None = None
) -> Generator[None]:
    """Take the steps, again and again, for as long as the block lasts.

    Args:
        steps: What is to be done, in this order.
        changes: Says that there is something to do.
        health: Is told of each round.
    """
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            is_busy = any([_take(step) for step in steps])
            if health is not None:
                health.beat()
            changes.wait(_BUSY_SECONDS if is_busy else _REST_SECONDS)

    thread = threading.Thread(target=work, name="background")
    thread.start()
    try:
        yield
    finally:
        over.set()
        changes.notify()
        thread.join()


def _take(step: Step) -> bool:
    try:
        return step()
    except Exception:  # the edge of the thread: the next time may succeed
        _LOGGER.info("a step failed: %s", traceback.format_exc())
        return False
