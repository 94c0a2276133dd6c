"""Nodes of a workflow, in Argo's words: what ``status.nodes`` has, and what the journal tells.

A node is one decision of the workflow: a pod, the attempts at one, a DAG, the fan-out of a loop, or
a task that did not run. Which nodes stand for which task of the pipeline is the business of
:mod:`argosy_runs.viewing.task_nodes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from argosy_schemas.names import TaskPath

EXIT_LABEL = "onExit"
"""The last part of the name of the node that runs when all else has ended."""


class NodePhase(StrEnum):
    """Where a node stands."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    SKIPPED = "Skipped"
    """Its ``when`` was false, or its loop had no items."""
    FAILED = "Failed"
    """Its command, driver or launcher failed."""
    ERROR = "Error"
    """The workflow itself could not go on there, e.g. a failing expression."""
    OMITTED = "Omitted"
    """Its ``depends`` was false."""

    @property
    def is_fulfilled(self) -> bool:
        """Whether the node has ended."""
        return self not in _OPEN

    @property
    def is_completed(self) -> bool:
        """Whether the node ended by doing something."""
        return self in _COMPLETED

    @property
    def is_failed(self) -> bool:
        """Whether the node failed, by its own doing or the workflow's."""
        return self in _FAILED


_OPEN = frozenset({NodePhase.PENDING, NodePhase.RUNNING})
_FAILED = frozenset({NodePhase.FAILED, NodePhase.ERROR})
_COMPLETED = frozenset({NodePhase.SUCCEEDED, *_FAILED})


class NodeType(StrEnum):
    """What a node is."""

    POD = "Pod"
    RETRY = "Retry"
    """Holds the attempts at one template."""
    DAG = "DAG"
    TASK_GROUP = "TaskGroup"
    """Holds the iterations of a loop."""
    SKIPPED = "Skipped"
    """A task that was skipped or omitted, or whose expressions failed."""


class ShutdownMessage(StrEnum):
    """The message of a node that a shutdown of the workflow ended, or kept from beginning."""

    STOP = "workflow shutdown with strategy: Stop"
    DEADLINE = "Step exceeded its deadline"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """One node, as it stands at some moment: what an entry of ``status.nodes`` says."""

    name: str
    """Unique in a run; of the embedded engine without the workflow's own name, which is the root's:
    ``loop.iteration(3:3).train(0)``."""
    type: NodeType
    phase: NodePhase
    path: TaskPath
    """Of the task that the node stands for; those that only hold others together share one."""
    boundary: str | None = None
    """The name of the enclosing DAG; ``None`` for the roots of the workflow and of its exit."""
    message: str = ""
    is_attempt: bool = False
    """Whether a Retry node stands over it."""
    decides: bool = False
    """Whether it is a pod that decides about a task and runs nothing of it."""
    items: int | None = None
    """Of a TaskGroup, how many iterations it has; ``None``: not known."""
    started_at: datetime | None = None
    """``None`` until it runs, and for what never did."""
    finished_at: datetime | None = None
    pod: str | None = None
    """Of a pod on Argo: its name; ``None`` on this machine."""
    cached: bool | None = None
    """Of a pod on Argo: whether its task took its result from the cache; ``None``: it does not
    say."""

    @property
    def is_exit_root(self) -> bool:
        """Whether it holds what runs when all else has ended."""
        return self.boundary is None and self.name.endswith(EXIT_LABEL)
