"""The jobs of one of several services: it does them while it has the lease."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Final

from argosy_schemas.logger import Logger
from argosy_service.background.loop import Job, take_step
from argosy_service.database.leases import LEASE_SECONDS, Lease
from argosy_service.health import Health

_LOGGER: Final = Logger("service.background")


class LeadingJobs:
    """Takes the steps of jobs while a lease is held."""

    def __init__(
        self,
        lease: Lease,
        open_jobs: Callable[[], AbstractContextManager[Sequence[Job]]],
        health: Health | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Do nothing yet.

        Args:
            lease: Says whether they are for this service.
            open_jobs: Makes the jobs, each time that the lease was gained, and closes them.
            health: Is told of steps that fail.
            monotonic: The clock.
        """
        self._lease = lease
        self._open_jobs = open_jobs
        self._health = health or Health()
        self._monotonic = monotonic
        self._jobs: Sequence[Job] | None = None
        self._stack = ExitStack()
        self._again_at = float("-inf")

    def step(self) -> bool:
        """Do what is to be done now; return whether there will be more soon.

        Where the jobs cannot be opened, the error is raised, and others may have them for a while.
        """
        if self._monotonic() < self._again_at:
            return False
        if not self._lease.hold():
            if self._jobs is not None:
                _LOGGER.info("another service does the jobs in the background from now on")
                self._leave()
            return False
        if self._jobs is None:
            _LOGGER.info("this service does the jobs in the background from now on")
            try:
                self._jobs = self._stack.enter_context(self._open_jobs())
            except BaseException:
                self._again_at = self._monotonic() + LEASE_SECONDS
                self._lease.release()
                raise
        is_busy = False
        for job in self._jobs:
            # Each may take a while.
            if not self._lease.hold():
                return True
            is_busy |= take_step(job, self._health)
        return is_busy

    def close(self) -> None:
        """Leave the jobs to others."""
        self._leave()
        self._lease.release()

    def _leave(self) -> None:
        self._jobs = None
        self._stack.close()
