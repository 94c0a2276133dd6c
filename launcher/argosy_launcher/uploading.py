"""Several uploads at a time, each bounded in memory by the store's own transfer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_AT_A_TIME: Final = 8


def in_parallel(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Run ``jobs`` in a few threads; return their results in order.

    The first error is raised when the jobs under way have ended; no further job is begun then.
    """
    if len(jobs) < 2:
        return [job() for job in jobs]
    results: dict[int, T] = {}
    errors: list[Exception] = []
    waiting = iter(enumerate(jobs))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                index, job = next(waiting, (None, None))
            if index is None or job is None or errors:
                return
            try:
                results[index] = job()
            except Exception as error:  # the edge of a thread: raised again below
                errors.append(error)

    threads = [
        threading.Thread(target=work, name=f"upload-{number}", daemon=True)
        for number in range(min(_AT_A_TIME, len(jobs)) - 1)
    ]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[index] for index in range(len(jobs))]
