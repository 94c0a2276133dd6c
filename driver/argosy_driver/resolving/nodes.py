"""A task path, followed through the IR.

A node is one thing that a run is made of: the root, a task, a loop, an iteration of it. Nodes know
the IR and each other, and nothing of values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from argosy_driver.resolving.recent import Recent
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Artifact, Reason
from argosy_schemas.ir.model import (
    Component,
    ContainerExecutor,
    ImporterExecutor,
    Pipeline,
    RetryPolicy,
    Task,
    TriggerStrategy,
)
from argosy_schemas.names import TaskPath, child_path
from argosy_schemas.values import JsonValue

_RECENT_NODES = 512


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
    def retry(self) -> RetryPolicy | None:
        """The policy of the task: its own, else that of the nearest task around it."""
        each: Node | None = self
        while each is not None and each.task is not None:
            if each.task.retry is not None:
                return each.task.retry
            each = each.frame
        return None

    @property
    def frame_above(self) -> Node:
        """The node whose DAG holds the task.

        Raises:
            FinalTaskError: This is the pipeline itself.
        """
        if self.frame is None:
            raise no_such_task("the pipeline itself has no tasks beside it")
        return self.frame

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Input parameters, declared and extra ones; those come with the SDK's f-strings."""
        names = dict.fromkeys(self.component.inputs.parameters)
        if self.task is not None:
            names.update(dict.fromkeys(self.task.parameters))
            if self.task.iterator is not None and not self.task.iterator.over_artifacts:
                names[self.task.iterator.item_input] = None
        return tuple(names)

    @property
    def artifact_names(self) -> tuple[str, ...]:
        """Input artifacts."""
        names = dict.fromkeys(self.component.inputs.artifacts)
        if self.task is not None:
            names.update(dict.fromkeys(self.task.artifacts))
            if self.task.iterator is not None and self.task.iterator.over_artifacts:
                names[self.task.iterator.item_input] = None
        return tuple(names)

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


class Nodes:
    """The nodes of one run; DAGs, loops and iterations are kept for a while, with their inputs.

    Safe to use from several threads.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._recent: Recent[TaskPath, Node] = Recent(_RECENT_NODES)
        self.root = Node(path=TaskPath(""), component=pipeline.root)

    def at(self, path: TaskPath) -> Node:
        """Return the node at a path.

        Raises:
            FinalTaskError: The pipeline has no such task.
        """
        node = self.root
        segments = iter(path.split("/") if path else ())
        for segment in segments:
            node = self.child(node, segment)
            if node.is_loop and (index := next(segments, None)) is not None:
                if not index.isdecimal():
                    raise no_such_task(f"'{index}' in the path '{path}' is no iteration")
                node = self.iteration(node, int(index))
        return node

    def child(self, frame: Node, key: str) -> Node:
        """Return the task ``key`` of the DAG at ``frame``.

        Raises:
            FinalTaskError: There is no such task.
        """
        path = child_path(frame.path, key)
        found = self._recent.get(path)
        if found is not None:
            return found
        task = None if frame.component.dag is None else frame.component.dag.tasks.get(key)
        if task is None:
            where = f"task '{frame.path}'" if frame.path else "the pipeline"
            raise no_such_task(f"{where} holds no task '{key}'")
        component = self._pipeline.components[task.component]
        node = Node(path=path, component=component, task=task, frame=frame)
        return self._recent.put(path, node) if node.is_dag or node.is_loop else node

    def iteration(self, head: Node, index: int) -> Node:
        """Return iteration ``index`` of a loop."""
        path = child_path(head.path, index)
        found = self._recent.get(path)
        if found is not None:
            return found
        node = Node(
            path=path,
            component=head.component,
            task=head.task,
            frame=head.frame,
            head=head,
            index=index,
        )
        return self._recent.put(path, node)


def no_such_task(what: str) -> FinalTaskError:
    """Return the error for a path that the pipeline does not have."""
    return FinalTaskError(
        f"{what}; compile the pipeline again, workflow and IR do not belong together",
        reason=Reason.INTERNAL,
    )
