"""The tasks of a pipeline along the paths of a run."""

from __future__ import annotations

from functools import lru_cache

from argosy_engine.states import TaskKind
from argosy_schemas.ir import Component, ImporterExecutor, Pipeline, Task
from argosy_schemas.names import TaskPath


def kind_of(pipeline: Pipeline, task: Task) -> TaskKind:
    """Return what a task is; one with an iterator is a loop whatever its component is."""
    if task.iterator is not None:
        return TaskKind.LOOP
    return kind_of_component(component_of(pipeline, task))


def kind_of_component(component: Component) -> TaskKind:
    """Return what a component makes of a task that uses it."""
    if component.dag is not None:
        return TaskKind.DAG
    if isinstance(component.executor, ImporterExecutor):
        return TaskKind.IMPORTER
    return TaskKind.CONTAINER


def component_of(pipeline: Pipeline, task: Task) -> Component:
    """Return the component that a task uses."""
    return pipeline.components[task.component]


class TaskNames:
    """Display names by task path."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._find = lru_cache(maxsize=4096)(self._component_behind)

    def __call__(self, path: TaskPath) -> str:
        """Return the display name of a task; of an iteration: its loop's, and its number."""
        outer, _, last = path.rpartition("/")
        if last.isdecimal() and outer:
            return f"{self(TaskPath(outer))} [{last}]"
        component = self._find(outer)
        task = None if component is None or component.dag is None else component.dag.tasks.get(last)
        return last if task is None else task.display_name or last

    def _component_behind(self, path: str) -> Component | None:
        """Return the component whose DAG holds the tasks below a path."""
        if not path:
            return self._pipeline.root
        outer, _, last = path.rpartition("/")
        if last.isdecimal():
            return self._find(outer)
        holder = self._find(outer)
        task = None if holder is None or holder.dag is None else holder.dag.tasks.get(last)
        return None if task is None else self._pipeline.components.get(task.component)
