"""What a task is, as people and scripts are told."""

from __future__ import annotations

from enum import StrEnum

from argosy_schemas.ir.model import Component, ImporterExecutor, Task


class TaskKind(StrEnum):
    """What a task is."""

    CONTAINER = "container"
    DAG = "dag"
    """A nested pipeline, a group of a condition or an exit handler."""
    LOOP = "loop"
    ITERATION = "iteration"
    """One item of a loop."""
    IMPORTER = "importer"


def get_task_kind(component: Component, task: Task | None = None) -> TaskKind:
    """Return what a task is; one with an iterator is a loop whatever its component is.

    Without the task: what the component makes of one that uses it.
    """
    if task is not None and task.iterator is not None:
        return TaskKind.LOOP
    if component.dag is not None:
        return TaskKind.DAG
    if isinstance(component.executor, ImporterExecutor):
        return TaskKind.IMPORTER
    return TaskKind.CONTAINER
