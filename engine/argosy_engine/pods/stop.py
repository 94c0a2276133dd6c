"""The wish to stop a run, in a form that threads which wait for processes can hear."""

from __future__ import annotations

import contextlib
import os

from argosy_schemas.formats.records import Failure


class StopSignal:
    """Raised once, heard by every thread, never taken back.

    Whoever hears it knows why: a pod may end before the thread that raised it takes its next step.
    """

    def __init__(self) -> None:
        self._reading, writing = os.pipe()
        # Lists, because a signal handler may come between any two steps, also between those of
        # `set`: append and pop are one step each.
        self._writing = [writing]
        self._wishes: list[Failure] = []

    @property
    def is_set(self) -> bool:
        """Return whether the run is to stop."""
        return bool(self._wishes)

    @property
    def at_once(self) -> bool:
        """Return whether to kill instead of asking: there was a second wish."""
        return len(self._wishes) > 1

    @property
    def failure(self) -> Failure | None:
        """Return why to stop, as the first wish has it; ``None``: there was none yet."""
        return self._wishes[0] if self._wishes else None

    @property
    def descriptor(self) -> int:
        """Return a file descriptor that is readable from the first wish on."""
        return self._reading

    def set(self, failure: Failure) -> None:
        """Ask to stop; once more, and it is at once. Safe in a signal handler."""
        self._wishes.append(failure)
        self._close()

    def _close(self) -> None:
        """Make the other end readable for all who wait, without a byte to take."""
        with contextlib.suppress(IndexError):
            os.close(self._writing.pop())

    def __del__(self) -> None:
        self._close()
        os.close(self._reading)
