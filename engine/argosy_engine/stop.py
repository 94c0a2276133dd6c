"""The wish to stop a run, in a form that threads which wait for processes can hear."""

from __future__ import annotations

import os


class StopSignal:
    """Raised once, heard by every thread, never taken back.

    Attributes:
        at_once: Whether to kill instead of asking; set by the second wish.
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        self._is_set = False
        self.at_once = False

    @property
    def is_set(self) -> bool:
        """Return whether the run is to stop."""
        return self._is_set

    @property
    def descriptor(self) -> int:
        """Return a file descriptor that is readable from the first wish on."""
        return self._reading

    def set(self) -> None:
        """Ask to stop; once more, and it is at once. Safe in a signal handler."""
        if self._is_set:
            self.at_once = True
            return
        self._is_set = True
        # Closing it makes the other end readable for all who wait, without a byte to take.
        os.close(self._writing)

    def __del__(self) -> None:
        if not self._is_set:
            os.close(self._writing)
        os.close(self._reading)
