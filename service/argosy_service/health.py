"""Whether the service does its work: its parts write it down, and probes read it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Final

from argosy_schemas.logger import Logger
from argosy_service.errors import describe_error

_LOGGER: Final = Logger("service.background")


class Health:
    """For several threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin well.

        Args:
            monotonic: The clock.
        """
        self.is_stopping = False
        """Whether the service was told to stop: then answers that follow something end."""
        self.failures: dict[str, int] = {}
        """How often each job in the background could not do something, by its name."""
        self._monotonic = monotonic
        self._round_at = self._good_round_at = monotonic()
        self._has_failed = False

    def beat(self) -> None:
        """Write down that a round of the jobs is over."""
        self._round_at = self._monotonic()
        if not self._has_failed:
            self._good_round_at = self._round_at
        self._has_failed = False

    def fail(self, job: str, error: Exception) -> None:
        """Write down that a job could not take its step."""
        self._has_failed = True
        self.warn(job, f"the job '{job}' failed: {describe_error(error)}")
        trace = "".join(traceback.format_exception(error))
        _LOGGER.info("the job '%s' failed: %s", job, trace)

    def warn(self, job: str, what: str) -> None:
        """Write down that a job could not do something of what its step had to do.

        Args:
            job: Its name.
            what: One sentence.
        """
        self.failures[job] = self.failures.get(job, 0) + 1
        _LOGGER.warning("%s", what)

    @property
    def round_seconds(self) -> float:
        """How long ago the jobs in the background ended a round."""
        return max(0.0, self._monotonic() - self._round_at)

    @property
    def silence_seconds(self) -> float:
        """How long ago they did one in which all went well."""
        return max(0.0, self._monotonic() - self._good_round_at)
