"""Whether the service does its work: its parts write it down, and probes read it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Health:
    """For several threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin well.

        Args:
            monotonic: The clock.
        """
        self.is_stopping = False
        """Whether it was told to stop: then whoever waits for news ends."""
        self._monotonic = monotonic
        self._beat_at = monotonic()

    def beat(self) -> None:
        """Write down that the jobs in the background have done a round."""
        self._beat_at = self._monotonic()

    @property
    def silence_seconds(self) -> float:
        """How long ago the jobs in the background did a round."""
        return max(0.0, self._monotonic() - self._beat_at)
