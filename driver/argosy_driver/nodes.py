"""A task path, followed through the IR.

A node is one thing that a run is made of: the root, a task, a loop, an iteration of it. Nodes know
the IR and each other, and nothing of values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.ir import (
    Component,
    ContainerExecutor,
    ImporterExecutor,
    Pipeline,
    Task,
    TriggerStrategy,
)
from argosy_schemas.names import TaskPath, child_path
from argosy_schemas.records import Artifact, Reason
from argosy_schemas.values import JsonValue


@dataclass(slots=True, eq=False)
class Node:
    """The root, a task, a loop (its head) or one iteration."""

    path: TaskPath
    component: Component
    task: Task | None = None
    """``None`` for the root."""
    frame: Node | None = None
    """The node whose DAG holds the task: the root, a task or an iteration."""
    head: Node | None = None
    """Of an iteration, its loop."""
    index: int = 0
    """Of an iteration."""
    parameters: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Input parameters that were resolved."""
    artifacts: dict[str, tuple[Artifact, ...]] = field(
        default_factory=dict[str, tuple[Artifact, ...]]
    )
    """Input artifacts that were resolved."""
    items: tuple[JsonValue, ...] | tuple[Artifact, ...] | None = None
    """Of a loop, once resolved."""

    @property
    def is_loop(self) -> bool:
        """Whether this is a loop as a whole."""
        return self.task is not None and self.task.iterator is not None and self.head is None

    @property
    def is_dag(self) -> bool:
        """Whether the component holds tasks."""
        return self.component.dag is not None

    @property
    def runs_in_any_case(self) -> bool:
        """Whether the task runs whatever became of the tasks before it."""
        return (
            self.task is not None
            and self.task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED
        )

    @property
    def container(self) -> ContainerExecutor | None:
        """The container to run, if that is what the task is."""
        executor = self.component.executor
        return executor if isinstance(executor, ContainerExecutor) else None

    @property
    def importer(self) -> ImporterExecutor | None:
        """The importer, if that is what the task is."""
        executor = self.component.executor
        return executor if isinstance(executor, ImporterExecutor) else None


def root_node(pipeline: Pipeline) -> Node:
    """Return the node of the pipeline itself."""
    return Node(path=TaskPath(""), component=pipeline.root)


def child_node(pipeline: Pipeline, frame: Node, key: str) -> Node:
    """Return the task ``key`` of the DAG at ``frame``.

    Raises:
        FinalTaskError: There is no such task.
    """
    dag = frame.component.dag
    task = None if dag is None else dag.tasks.get(key)
    if task is None:
        where = f"task '{frame.path}'" if frame.path else "the pipeline"
        raise no_such_task(f"{where} holds no task '{key}'")
    return Node(
        path=child_path(frame.path, key),
        component=pipeline.components[task.component],
        task=task,
        frame=frame,
    )


def iteration_node(head: Node, index: int) -> Node:
    """Return iteration ``index`` of a loop."""
    return Node(
        path=child_path(head.path, index),
        component=head.component,
        task=head.task,
        frame=head.frame,
        head=head,
        index=index,
    )


def no_such_task(what: str) -> FinalTaskError:
    """Return the error for a path that the pipeline does not have."""
    return FinalTaskError(
        f"{what}; compile the pipeline again, workflow and IR do not belong together",
        reason=Reason.INTERNAL,
    )
