"""The task tree: from a task path to the task in the IR, its kind, its DAG and its loop.

A run consists of the pipeline (the root), its tasks, and the iterations of its loops. Each has a
path and a :class:`TaskPosition`, which holds what the IR says about it. Positions are immutable and
hold no values: what a task receives, and how many iterations a loop has, is known to a run only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from argosy_schemas.errors import UnknownTaskError
from argosy_schemas.ir.model import (
    Component,
    ContainerExecutor,
    ImporterExecutor,
    Pipeline,
    RetryPolicy,
    Task,
    TriggerStrategy,
)
from argosy_schemas.ir.task_kind import TaskKind, get_task_kind
from argosy_schemas.names import TaskPath, join_task_path

_CACHED_POSITIONS: Final = 1024
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskPosition:
    """The root, a task, a loop as a whole, or one iteration of a loop."""

    path: TaskPath
    component: Component = field(repr=False)
    task: Task | None = field(default=None, repr=False)
    """``None`` for the root only; an iteration has the task of its loop."""
    parent: TaskPosition | None = field(default=None, repr=False)
    """The position whose DAG holds the task: the root, a DAG task or an iteration.

    ``None`` for the root only; an iteration has the parent of its loop.
    """
    loop: TaskPosition | None = field(default=None, repr=False)
    """For an iteration, its loop."""
    index: int | None = None
    """For an iteration, its number, from 0."""

    @property
    def kind(self) -> TaskKind:
        """What the task is; the root is a DAG."""
        if self.loop is not None:
            return TaskKind.ITERATION
        return get_task_kind(self.component, self.task)

    @property
    def is_loop(self) -> bool:
        """Whether this is a loop as a whole."""
        return self.loop is None and self.task is not None and self.task.iterator is not None

    @property
    def has_dag(self) -> bool:
        """Whether the component holds tasks; true for a loop over a DAG as well."""
        return self.component.dag is not None

    @property
    def container(self) -> ContainerExecutor | None:
        """The executor of the component, if that is a container."""
        executor = self.component.executor
        return executor if isinstance(executor, ContainerExecutor) else None

    @property
    def importer(self) -> ImporterExecutor | None:
        """The executor of the component, if that is an importer."""
        executor = self.component.executor
        return executor if isinstance(executor, ImporterExecutor) else None

    @property
    def display_name(self) -> str:
        """The name for people; an iteration's is its loop's with the index, the root's is empty."""
        if self.task is None:
            return ""
        if self.loop is not None:
            return f"{self.loop.display_name} [{self.index}]"
        return self.task.display_name or self.task.key

    @property
    def around(self) -> tuple[TaskPosition, ...]:
        """The positions whose DAGs hold it, the innermost first, the root last.

        Empty for the root. A loop is not around its iterations: what is around it is around them.
        """
        return () if self.parent is None else (self.parent, *self.parent.around)

    @property
    def ignores_upstream_failure(self) -> bool:
        """Whether the task runs whatever became of the tasks that it depends on."""
        return (
            self.task is not None
            and self.task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED
        )

    @property
    def retry(self) -> RetryPolicy | None:
        """The retry policy of the task, else that of the nearest task around it."""
        tasks = (position.task for position in (self, *self.around))
        return next((task.retry for task in tasks if task and task.retry is not None), None)

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The input parameters: declared ones first, then those that the task passes besides.

        The SDK passes undeclared ones for f-strings.
        """
        names = dict.fromkeys(self.component.inputs.parameters)
        if self.task is not None:
            names.update(dict.fromkeys(self.task.parameters))
            if self.task.iterator is not None and not self.task.iterator.over_artifacts:
                names[self.task.iterator.item_input] = None
        return tuple(names)

    @property
    def artifact_names(self) -> tuple[str, ...]:
        """The input artifacts: declared ones first, then those that the task passes besides."""
        names = dict.fromkeys(self.component.inputs.artifacts)
        if self.task is not None:
            names.update(dict.fromkeys(self.task.artifacts))
            if self.task.iterator is not None and self.task.iterator.over_artifacts:
                names[self.task.iterator.item_input] = None
        return tuple(names)


class TaskTree:
    """The positions of a pipeline, made when they are asked for. Safe to use from several threads.

    Lately used ones are kept, at most some thousand: a loop may have any number of iterations.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._at = lru_cache(maxsize=_CACHED_POSITIONS)(self._find)
        self.root = TaskPosition(path=TaskPath(""), component=pipeline.root)

    def at(self, path: TaskPath) -> TaskPosition:
        """Return the position at a path.

        Any index of an iteration is accepted, since the IR does not say how many there are.

        Raises:
            UnknownTaskError: The pipeline has no such task.
        """
        return self._at(path) if path else self.root

    def child(self, position: TaskPosition, key: str) -> TaskPosition:
        """Return the task ``key`` of the DAG at ``position``: the root, a task or an iteration.

        Raises:
            UnknownTaskError: The DAG has no such task.
        """
        dag = position.component.dag
        task = None if dag is None else dag.tasks.get(key)
        if task is None:
            where = f"task '{position.path}'" if position.path else "the pipeline"
            raise UnknownTaskError(f"{where} holds no task '{key}'")
        return TaskPosition(
            path=join_task_path(position.path, key),
            component=self._pipeline.components[task.component],
            task=task,
            parent=position,
        )

    def iteration(self, loop: TaskPosition, index: int) -> TaskPosition:
        """Return one iteration of a loop.

        Raises:
            UnknownTaskError: The position is not a loop.
        """
        if not loop.is_loop:
            raise UnknownTaskError(f"task '{loop.path}' is not a loop")
        return TaskPosition(
            path=join_task_path(loop.path, index),
            component=loop.component,
            task=loop.task,
            parent=loop.parent,
            loop=loop,
            index=index,
        )

    def _find(self, path: TaskPath) -> TaskPosition:
        outer, slash, segment = path.rpartition("/")
        if slash and not outer:
            raise UnknownTaskError(f"the path '{path}' begins with a slash")
        position = self.at(TaskPath(outer))
        if not position.is_loop:
            return self.child(position, segment)
        if not _INDEX.fullmatch(segment):
            raise UnknownTaskError(f"loop '{outer}' has no iteration '{segment}'")
        return self.iteration(position, int(segment))
