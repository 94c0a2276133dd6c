"""What is known of how tasks ended, beside the records of those that succeeded.

Who knows it differs: a pod is told by the workflow, :mod:`argosy_driver.resolving.told`; a run that
came to its end knows it of every task; a plan knows some of
them, :mod:`argosy_driver.planning.records`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from argosy_schemas.names import TaskPath


class Phases(Protocol):
    """The node phases in which tasks of one run ended."""

    @property
    def told(self) -> Mapping[str, str]:
        """All that was told of the tasks before: path to phase."""
        ...

    @property
    def at_exit(self) -> str | None:
        """The status of the workflow, if it was stopped and this is for what runs all the same."""
        ...

    def of(self, path: TaskPath) -> str | None:
        """Return how a task ended.

        ``None``: nobody told. It then succeeded if there are records of its outputs.

        Raises:
            NotYetKnownError: The phase depends on a task that would run.
        """
        ...

    def failed(self, path: TaskPath) -> bool:
        """Return whether a task is known not to have succeeded, or not to have run."""
        ...
