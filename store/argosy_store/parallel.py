"""Call a function for many items in a few threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def for_each(action: Callable[[T], object], items: Iterable[T], *, width: int) -> None:
    """Call ``action`` for every item, up to ``width`` at a time, in any order.

    Threads take items one by one, so that there may be any number of them. After the first error no
    further call starts; the error is raised when all running calls have ended. With a width of one
    all calls run in this thread.
    """
    if width <= 1:
        for item in items:
            action(item)
        return

    remaining = iter(items)
    lock = threading.Lock()
    errors: list[BaseException] = []
    end = object()

    def work() -> None:
        try:
            while True:
                with lock:
                    item = end if errors else next(remaining, end)
                if item is end:
                    return
                action(item)  # type: ignore[arg-type]  # the sentinel is handled above
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(width - 1)]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
