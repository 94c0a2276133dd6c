"""Which nodes stand for which task.

The compiler passes each template the path of its task. Some nodes only help: a pod that decides
about a task, the fan-out inside a loop, a DAG that holds the surplus of a large one. They have the
path of the task that they help, and count for it only when they fail. The stand-ins of a divided
DAG have the empty path, that of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from argosy_runs.journal import Attempt, NodeChanged
from argosy_runs.nodes import NodePhase, NodeStatus, NodeType
from argosy_schemas.names import TaskPath


@dataclass(slots=True, kw_only=True)
class TaskNodes:
    """The nodes of one task, as they stand."""

    node: NodeStatus | None = None
    """The task itself: a pod, its retries, a DAG, or the leaf of one that did not run."""
    failed_helper: NodeStatus | None = None
    """The first that failed."""
    has_group: bool = False
    """Whether it is a loop that began to iterate."""
    items: int | None = None
    """Of such a loop: how many iterations it has; ``None``: its group does not say it."""

    @property
    def is_dag(self) -> bool:
        """Whether the task began as a DAG: those in it have nodes, or will have."""
        return self.node is not None and self.node.type is NodeType.DAG


_NO_POD_ENDED = Attempt()


@dataclass(slots=True, kw_only=True)
class TaskAttempts:
    """The pods of one task, over all engines that worked on the run."""

    count: int = 0
    last: Attempt = _NO_POD_ENDED
    """Of the last pod that ended, of this engine."""
    pod: str | None = None
    """The name of the last pod, on a cluster."""


class NodeIndex:
    """The nodes of a run by task, kept up to date as they change.

    A task that a stop kept from running, and that runs at the exit, counts as the one at the
    exit.
    """

    def __init__(self) -> None:
        self.tasks: dict[TaskPath, TaskNodes] = {}
        self.attempts: dict[TaskPath, TaskAttempts] = {}
        self.exit_root: NodeStatus | None = None
        self._at_exit: dict[TaskPath, TaskNodes] = {}
        self._boundaries: dict[str, tuple[TaskPath, bool]] = {}
        """Of each DAG by name: its path, and whether it is at the exit."""

    def restart(self) -> None:
        """Forget the nodes: another engine decides anew. The attempts of earlier ones count."""
        self.tasks.clear()
        self._at_exit.clear()
        self._boundaries.clear()
        self.exit_root = None
        for attempts in self.attempts.values():
            attempts.last = _NO_POD_ENDED

    def take(self, change: NodeChanged) -> NodeStatus | None:
        """Take note of a change; return the node, with its times, if it is that of a task."""
        if change.node.type is NodeType.POD:
            self._count(change)
        return self.add(change.node, at=change.at)

    def add(self, node: NodeStatus, *, at: datetime | None = None) -> NodeStatus | None:
        """Add a node, or replace what it was before; return it if it is that of a task.

        Args:
            node: The one that encloses it was added before.
            at: When it came to its phase; ``None``: it has its times.
        """
        if node.boundary is None:
            self._add_root(node, at)
            return None
        if node.is_attempt and node.type is not NodeType.DAG:
            return None
        outer, at_exit = self._boundaries[node.boundary]
        if node.type is NodeType.DAG:
            self._boundaries[node.name] = node.path, at_exit
        if node.is_attempt:
            return None
        entries = self._at_exit if at_exit else self.tasks
        entry = entries.setdefault(node.path, TaskNodes())
        if not _is_task(node, outer):
            if node.type is NodeType.TASK_GROUP:
                entry.has_group, entry.items = True, node.items
            if node.phase.is_failed and entry.failed_helper is None:
                entry.failed_helper = node
            return None
        entry.node = node = _timed(node, at, entry.node)
        if at_exit and node.phase.is_completed:
            self.tasks[node.path] = entry
        return node

    def is_at_exit(self, node: NodeStatus) -> bool:
        """Return whether a node is one of those that run when all else has ended."""
        return node.boundary is not None and self._boundaries[node.boundary][1]

    def phase(self, path: TaskPath) -> NodePhase | None:
        """Return the phase of a task; ``None``: it has no node."""
        entry = self.tasks.get(path)
        return None if entry is None or entry.node is None else entry.node.phase

    def _add_root(self, node: NodeStatus, at: datetime | None) -> None:
        at_exit = node.is_exit_root
        self._boundaries[node.name] = node.path, at_exit
        if at_exit:
            self.exit_root = _timed(node, at, self.exit_root)
        else:
            entry = self.tasks.setdefault(node.path, TaskNodes())
            entry.node = _timed(node, at, entry.node)

    def _count(self, change: NodeChanged) -> None:
        node, attempt = change.node, change.attempt
        attempts = self.attempts.setdefault(node.path, TaskAttempts())
        if node.phase is NodePhase.RUNNING and not node.decides:
            attempts.count += 1
        if attempt is not None:
            # A pod that finds its task done is not an attempt.
            attempts.count -= attempt.adopted
            attempts.last = attempt


def _is_task(node: NodeStatus, outer: TaskPath) -> bool:
    """Return whether a node is a task, or an iteration, of the pipeline."""
    if node.type is NodeType.TASK_GROUP or node.decides:
        return False
    return bool(node.path) and node.path != outer


def _timed(node: NodeStatus, at: datetime | None, before: NodeStatus | None) -> NodeStatus:
    """Return a node with the times that its changes give it."""
    if at is None:
        return node
    started_at = None if before is None else before.started_at
    if started_at is None and node.phase is NodePhase.RUNNING:
        started_at = at
    return replace(node, started_at=started_at, finished_at=at if node.phase.is_fulfilled else None)
