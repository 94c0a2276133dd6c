"""The phases in which tasks of a run ended, from a source other than their records.

There are three sources. A pod learns from the workflow how the tasks upstream of it ended
(:mod:`argosy_driver.resolving.upstream_statuses`). The engine knows the phase of every node. A plan
predicts phases (:mod:`argosy_driver.planning.records`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from argosy_schemas.ir.known import OMITTED as OMITTED
from argosy_schemas.ir.known import SUCCEEDED as SUCCEEDED
from argosy_schemas.names import TaskPath


class Phases(Protocol):
    """The node phases in which tasks of one run ended."""

    @property
    def by_path(self) -> Mapping[str, str]:
        """All known phases: task path to phase."""
        ...

    @property
    def at_exit(self) -> str | None:
        """The status of the workflow in its exit handler after a stop; ``None`` anywhere else."""
        ...

    def of(self, path: TaskPath) -> str | None:
        """Return the phase in which a task ended.

        ``None`` means that the phase is not known; the task then succeeded if its success record
        exists.

        Raises:
            NotYetKnownError: The phase depends on a task that would run.
        """
        ...

    def failed(self, path: TaskPath) -> bool:
        """Return whether a task is known to have failed, or not to have run."""
        ...
