"""The nodes of a running workflow: the interpreter's memory.

A node is made when its task is decided upon, never before, and lives as long as the run. Ten
thousand iterations make twenty thousand of them, so they are small: names are put together on
demand, and a loop's iterations share everything but their inputs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime

from argosy_engine.phase import Phase
from argosy_engine.workflow import DagTask, DagTemplate, PodTemplate, RetryStrategy
from argosy_schemas.names import TaskPath

_NOTHING: Mapping[str, str] = {}


class Node:
    """What became of one decision of the workflow.

    Of its own type it is Argo's ``Skipped`` node: a task that was omitted, skipped, or whose
    expressions failed.
    """

    __slots__ = (
        "boundary",
        "finished_at",
        "inputs",
        "label",
        "message",
        "outputs",
        "owner",
        "path",
        "phase",
        "position",
        "started_at",
        "task",
    )

    kind = "Skipped"
    counts_as_active = False
    """Whether ``parallelism`` of the enclosing DAG counts it while it runs."""

    def __init__(
        self,
        *,
        label: str,
        boundary: DagNode | None,
        owner: DagNode | GroupNode | RetryNode | None,
        position: int,
        task: DagTask | None,
        path: TaskPath,
        inputs: Mapping[str, str] = _NOTHING,
    ) -> None:
        self.label = label
        """Last part of the name: ``train``, ``iteration(3:3)``, ``train(0)``."""
        self.boundary = boundary
        """The enclosing DAG; ``None`` for the entry node."""
        self.owner = owner
        """Who waits for it: a DAG, the loop it is an item of, or the retries it is one of."""
        self.position = position
        """Of its task in the DAG, of the item in the loop, or of the attempt."""
        self.task = task
        self.path = path
        """Of the task that it stands for; nodes that only hold others together share one."""
        self.inputs = inputs
        self.outputs: Mapping[str, str] = _NOTHING
        self.phase = Phase.PENDING
        self.message = ""
        self.started_at: datetime | None = None
        self.finished_at: datetime | None = None

    @property
    def name(self) -> str:
        """Return Argo's name without the workflow's, e.g. ``loop.iteration(3:3).train(0)``."""
        outer = self.boundary.name if self.boundary is not None else ""
        return f"{outer}.{self.label}" if outer else self.label


class PodNode(Node):
    """One attempt to run a step."""

    __slots__ = ("exit_code", "template")
    kind = "Pod"
    counts_as_active = True
    template: PodTemplate
    exit_code: int | None

    @property
    def attempt(self) -> int:
        """Return the number of the attempt, from 0."""
        return self.position if isinstance(self.owner, RetryNode) else 0


class RetryNode(Node):
    """The attempts at one step."""

    __slots__ = ("attempts", "strategy", "template")
    kind = "Retry"
    template: PodTemplate | DagTemplate
    strategy: RetryStrategy
    attempts: list[Node]


class GroupNode(Node):
    """The iterations of a loop."""

    __slots__ = ("children", "open")
    kind = "TaskGroup"
    children: list[Node | None]
    """By item."""
    open: int
    """How many have not come to their end."""


class DagNode(Node):
    """A running DAG."""

    __slots__ = ("active", "children", "open", "template", "throttled", "waiting_for")
    kind = "DAG"
    counts_as_active = True
    template: DagTemplate
    children: list[Node | None]
    """By position of the task; an attempted or looping task has its Retry or TaskGroup here."""
    waiting_for: list[int]
    """For each task how many of the tasks it depends on have not come to their end."""
    open: int
    """How many tasks have not come to their end."""
    active: int
    """How many direct pods and DAGs run; kept where ``parallelism`` limits them."""
    throttled: deque[Node]
    """Made, and not yet begun because of ``parallelism``."""
