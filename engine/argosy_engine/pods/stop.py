"""Stop signal that a thread blocked in ``select`` or ``poll`` can wait on."""

from __future__ import annotations

import contextlib
import os

from argosy_schemas.formats.records import Failure


class StopSignal:
    """Tells all threads of a run to stop; once set, it stays set.

    It carries the reason, since a pod may end before the thread that set it takes its next step.
    """

    def __init__(self) -> None:
        self._reading, writing = os.pipe()
        # Lists, since a signal handler may interrupt any two steps, also those of `set`: append and
        # pop are one step each.
        self._writing = [writing]
        self._requests: list[Failure] = []

    @property
    def is_set(self) -> bool:
        """Return whether the run is to stop."""
        return bool(self._requests)

    @property
    def is_forced(self) -> bool:
        """Return whether to kill instead of terminate: there was a second request."""
        return len(self._requests) > 1

    @property
    def failure(self) -> Failure | None:
        """Return the reason of the first request; ``None``: not set."""
        return self._requests[0] if self._requests else None

    @property
    def descriptor(self) -> int:
        """Return a file descriptor that is readable once the signal is set."""
        return self._reading

    def set(self, failure: Failure) -> None:
        """Request to stop, or by a second call to kill. Safe in a signal handler."""
        self._requests.append(failure)
        self._close()

    def _close(self) -> None:
        """Make :attr:`descriptor` readable for all threads: at its end, with no byte to consume."""
        with contextlib.suppress(IndexError):
            os.close(self._writing.pop())

    def __del__(self) -> None:
        self._close()
        os.close(self._reading)
