"""The nodes of a running workflow: the interpreter's memory.

A node is made when its task is decided upon, never before, and lives as long as the run. Ten
thousand iterations make twenty thousand of them, so they are small: names are computed on demand,
and a loop's iterations share everything but their inputs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from argosy_engine.workflow.model import DagTask, DagTemplate, PodTemplate, RetryStrategy
from argosy_runs.nodes import NodePhase
from argosy_schemas.names import TaskPath

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a node stands in a run."""

    label: str
    """Last part of the name: ``train``, ``iteration(3:3)``, ``train(0)``."""
    boundary: DagNode | None
    """The enclosing DAG; ``None`` for the entry node."""
    owner: DagNode | GroupNode | RetryNode | None
    """Who waits for it: a DAG, the loop it is an item of, or the retries it is one of."""
    position: int
    """Of its task in the DAG, of the item in the loop, or of the attempt."""
    task: DagTask | None
    path: TaskPath
    """Of the task that it stands for; nodes that only hold others together share one."""


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

    def __init__(self, spot: Spot, inputs: Mapping[str, str] = _NOTHING) -> None:
        self.label = spot.label
        self.boundary = spot.boundary
        self.owner = spot.owner
        self.position = spot.position
        self.task = spot.task
        self.path = spot.path
        self.inputs = inputs
        self.outputs: Mapping[str, str] = _NOTHING
        self.phase = NodePhase.PENDING
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

    __slots__ = ("template",)
    kind = "Pod"
    counts_as_active = True

    def __init__(self, spot: Spot, template: PodTemplate, inputs: Mapping[str, str]) -> None:
        super().__init__(spot, inputs)
        self.template = template

    @property
    def attempt(self) -> int:
        """Return the number of the attempt, from 0."""
        return self.position if isinstance(self.owner, RetryNode) else 0


class RetryNode(Node):
    """The attempts at one step."""

    __slots__ = ("attempts", "strategy", "template")
    kind = "Retry"

    def __init__(
        self,
        spot: Spot,
        template: PodTemplate,
        strategy: RetryStrategy,
        inputs: Mapping[str, str],
    ) -> None:
        super().__init__(spot, inputs)
        self.template = template
        self.strategy = strategy
        self.attempts: list[Node] = []


class GroupNode(Node):
    """The iterations of a loop."""

    __slots__ = ("children", "open")
    kind = "TaskGroup"

    def __init__(self, spot: Spot, count: int) -> None:
        super().__init__(spot)
        self.children: list[Node | None] = [None] * count
        """By item."""
        self.open = count
        """How many have not ended."""


class DagNode(Node):
    """A running DAG."""

    __slots__ = ("active", "children", "open", "template", "throttled", "waiting_for")
    kind = "DAG"
    counts_as_active = True

    def __init__(self, spot: Spot, template: DagTemplate, inputs: Mapping[str, str]) -> None:
        super().__init__(spot, inputs)
        self.template = template
        self.children: list[Node | None] = [None] * len(template.tasks)
        """By position of the task; an attempted or looping task has its Retry or TaskGroup here."""
        self.waiting_for = [len(above) for above in template.upstream]
        """For each task how many of the tasks it depends on have not ended."""
        self.open = len(template.order)
        """How many tasks have not ended."""
        self.active = 0
        """How many direct pods and DAGs run; kept where ``parallelism`` limits them."""
        self.throttled: deque[Node] = deque()
        """Made, and not yet begun because of ``parallelism``."""
