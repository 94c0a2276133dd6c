"""Tells the jobs in the background that there is something to do."""

from __future__ import annotations

import threading


class Changes:
    """Somebody changed what is to be done; many threads may tell, one waits."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def notify(self) -> None:
        """Wake the thread that waits, or the next one that will."""
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Wait for a change since the last call, for at most ``seconds``."""
        self._event.wait(seconds)
        self._event.clear()
