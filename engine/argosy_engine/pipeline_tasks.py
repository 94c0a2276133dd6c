"""The tasks of a pipeline along the paths of a run."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from argosy_schemas.ir.model import Component, Pipeline, Task
from argosy_schemas.ir.task_kind import TaskKind, task_kind
from argosy_schemas.names import TaskPath

_Found: TypeAlias = tuple[Component, Task | None]
"""A component and the task that uses it; there is none of an iteration, nor of the run itself."""


class PipelineTasks:
    """What the pipeline says of a task, by its path."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._at = lru_cache(maxsize=4096)(self._found)

    def name(self, path: TaskPath) -> str:
        """Return the display name of a task; of an iteration: its loop's, and its number."""
        outer, _, last = path.rpartition("/")
        found = self._at(path)
        if found is None or not path:
            return last
        _, task = found
        if task is None:
            return f"{self.name(TaskPath(outer))} [{last}]"
        return task.display_name or last

    def kind(self, path: TaskPath) -> TaskKind:
        """Return what a task is."""
        found = self._at(path)
        if found is None:
            return TaskKind.CONTAINER
        component, task = found
        return TaskKind.ITERATION if task is None and path else task_kind(component, task)

    def _found(self, path: str) -> _Found | None:
        """Return what is at a path; ``None``: the pipeline has no such task."""
        if not path:
            return self._pipeline.root, None
        outer, _, last = path.rpartition("/")
        holder = self._at(outer)
        if holder is None:
            return None
        component, task = holder
        if task is not None and task.iterator is not None:
            return component, None
        task = None if component.dag is None else component.dag.tasks.get(last)
        return None if task is None else (self._pipeline.components[task.component], task)
