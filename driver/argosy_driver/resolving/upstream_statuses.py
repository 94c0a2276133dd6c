"""The statuses of upstream tasks, as the workflow passes them to a pod.

A task that ignores upstream failure gets the status of each task that it depends on. A pod inside a
DAG that ignores upstream failure gets those of the DAG, nested: the statuses for the innermost such
task come first, and their :data:`UPSTREAM_OUTER` entry holds those for the next one further out.
Task keys are unique within one DAG only, so this module uses the IR to turn keys into paths.

A pod in the exit handler of a stopped workflow gets the status of the workflow instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from argosy_driver.resolving.phases import SUCCEEDED
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import TaskPath, join_task_path
from argosy_schemas.pod import UPSTREAM_AT_EXIT, UPSTREAM_OUTER, decode_strings


@dataclass(frozen=True, slots=True)
class UpstreamStatuses:
    """Node phases by task path, see :class:`argosy_driver.resolving.phases.Phases`."""

    by_path: Mapping[str, str] = field(default_factory=dict[str, str])
    at_exit: str | None = None

    def of(self, path: TaskPath) -> str | None:
        """Return the phase in which a task ended; ``None``: not known."""
        return self.by_path.get(path)

    def failed(self, path: TaskPath) -> bool:
        """Return whether a task is known to have failed, or not to have run."""
        return self.by_path.get(path, SUCCEEDED) != SUCCEEDED


def read_upstream_statuses(
    statuses: Mapping[str, str], pod: TaskPath, pipeline: Pipeline
) -> UpstreamStatuses:
    """Return the statuses that a pod got, by task path.

    Args:
        statuses: Task key to node phase, with :data:`UPSTREAM_OUTER` and :data:`UPSTREAM_AT_EXIT`.
            Empty if neither the task nor a DAG around it ignores upstream failure.
        pod: The task of the pod.
        pipeline: The pipeline that holds the task.

    Raises:
        FinalTaskError: The statuses are not in the form that the compiler emits.
    """
    by_path: dict[str, str] = {}
    at_exit: str | None = None
    position: TaskPosition | None = TaskTree(pipeline).at(pod) if statuses else None
    while statuses and position is not None:
        if position.ignores_upstream_failure and position.parent is not None:
            at_exit = statuses.get(UPSTREAM_AT_EXIT)
            by_path |= {
                join_task_path(position.parent.path, key): phase
                for key, phase in statuses.items()
                if key not in (UPSTREAM_OUTER, UPSTREAM_AT_EXIT)
            }
            statuses = _decode(statuses.get(UPSTREAM_OUTER, ""))
        position = position.parent
    return UpstreamStatuses(by_path, at_exit)


def _decode(text: str) -> Mapping[str, str]:
    try:
        return {key: phase for key, phase in decode_strings(text).items() if phase is not None}
    except ValueError as error:
        raise FinalTaskError(
            f"the status list of upstream tasks {error}; look for a failed expression in the "
            "workflow, and compile the pipeline again",
            reason=Reason.INTERNAL,
        ) from error
