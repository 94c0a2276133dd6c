"""The kind of a task, as output for people and scripts names it."""

from __future__ import annotations

from enum import StrEnum

from argosy_schemas.ir.model import Component, ImporterExecutor, Task


class TaskKind(StrEnum):
    """The kind of a task."""

    CONTAINER = "container"
    DAG = "dag"
    """A nested pipeline, a group of a condition or an exit handler."""
    LOOP = "loop"
    ITERATION = "iteration"
    """One item of a loop."""
    IMPORTER = "importer"


def get_task_kind(component: Component, task: Task | None = None) -> TaskKind:
    """Return the kind of a task; a task with an iterator is a loop whatever its component is.

    Args:
        component: The component of the task.
        task: ``None``: return the kind of a task without an iterator.
    """
    if task is not None and task.iterator is not None:
        return TaskKind.LOOP
    if component.dag is not None:
        return TaskKind.DAG
    if isinstance(component.executor, ImporterExecutor):
        return TaskKind.IMPORTER
    return TaskKind.CONTAINER
