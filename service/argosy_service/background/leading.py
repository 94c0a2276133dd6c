"""The jobs of one of several services: it does them while it has the lease."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Final

from argosy_schemas.logger import Logger
from argosy_service.background.loop import Step
from argosy_service.database.leases import Lease

_LOGGER: Final = Logger("service.background")


class LeadingJobs:
    """Takes the steps of jobs while a lease is held."""

    def __init__(
        self, lease: Lease, open_steps: Callable[[], AbstractContextManager[Sequence[Step]]]
    ) -> None:
        """Do nothing yet.

        Args:
            lease: Says whether they are for this service.
            open_steps: Makes the jobs, each time that the lease was gained, and closes them.
        """
        self._lease = lease
        self._open_steps = open_steps
        self._steps: Sequence[Step] | None = None
        self._stack = ExitStack()

    def step(self) -> bool:
        """Do what is to be done now; return whether there will be more soon."""
        if not self._lease.hold():
            if self._steps is not None:
                _LOGGER.info("another service does the jobs in the background from now on")
                self._leave()
            return False
        if self._steps is None:
            _LOGGER.info("this service does the jobs in the background from now on")
            self._steps = self._stack.enter_context(self._open_steps())
        is_busy = False
        for take in self._steps:
            # Each may take a while.
            if not self._lease.hold():
                return True
            is_busy |= take()
        return is_busy

    def close(self) -> None:
        """Leave the jobs to others."""
        self._leave()
        self._lease.release()

    def _leave(self) -> None:
        self._steps = None
        self._stack.close()
