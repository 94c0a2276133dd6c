"""Let Ctrl-C and SIGTERM stop a run instead of killing the process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signals(request_stop: Callable[[], None]) -> Generator[None]:
    """Call ``request_stop`` for each signal inside the ``with`` block.

    Does nothing in a thread other than the main one, where Python cannot handle signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: object) -> None:
        request_stop()

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            # `signal` returns None for a handler that was not set from Python.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
