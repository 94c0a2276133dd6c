"""What the workflow tells a pod of the tasks that it follows whatever became of them.

A pod is told what its own task follows, or what the DAG that it lies in does, and within that what
is told to the next one further out. The keys of tasks are unique in one DAG only, so the IR has to
say which DAGs those are.

What runs because the workflow was stopped is told of the workflow alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from argosy_driver.resolving.final_status import SUCCEEDED
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import TaskPath, join_task_path
from argosy_schemas.pod import UPSTREAM_AT_EXIT, UPSTREAM_OUTER, decode_strings


@dataclass(frozen=True, slots=True)
class Told:
    """Phases by path, see :class:`argosy_driver.resolving.phases.Phases`."""

    told: Mapping[str, str] = field(default_factory=dict[str, str])
    at_exit: str | None = None

    def of(self, path: TaskPath) -> str | None:
        """Return how a task ended; ``None``: nobody told."""
        return self.told.get(path)

    def failed(self, path: TaskPath) -> bool:
        """Return whether a task is known not to have succeeded, or not to have run."""
        return self.told.get(path, SUCCEEDED) != SUCCEEDED


def read_told(told: Mapping[str, str], pod: TaskPath, pipeline: Pipeline) -> Told:
    """Return what a pod was told, by paths.

    Args:
        told: Task key to node phase, :data:`UPSTREAM_OUTER` and :data:`UPSTREAM_AT_EXIT`; empty for
            a task that does not run in any case, nor lies in one that does.
        pod: The task whose pod was told.
        pipeline: That holds the task.

    Raises:
        FinalTaskError: It is not what a compiler writes.
    """
    phases: dict[str, str] = {}
    at_exit: str | None = None
    each: TaskPosition | None = TaskTree(pipeline).at(pod) if told else None
    while told and each is not None:
        if each.ignores_upstream_failure and each.parent is not None:
            at_exit = told.get(UPSTREAM_AT_EXIT)
            phases |= {
                join_task_path(each.parent.path, key): phase
                for key, phase in told.items()
                if key not in (UPSTREAM_OUTER, UPSTREAM_AT_EXIT)
            }
            told = _decoded(told.get(UPSTREAM_OUTER, ""))
        each = each.parent
    return Told(phases, at_exit)


def _decoded(text: str) -> Mapping[str, str]:
    try:
        return {key: phase for key, phase in decode_strings(text).items() if phase is not None}
    except ValueError as error:
        raise FinalTaskError(
            f"what was told of the tasks before {error}; look for a failed expression in the "
            "workflow, and compile the pipeline again",
            reason=Reason.INTERNAL,
        ) from error
