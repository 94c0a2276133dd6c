"""Which nodes stand for which task.

The compiler passes each template the path of its task. Some nodes only help: a pod that decides
about a task, the fan-out inside a loop, a DAG that holds the surplus of a large one. They have the
path of the task that they help, and count for it only when they fail. What stands in for tasks of a
divided DAG has the empty path, that of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from argosy_engine.controller.interpreter import EXIT_LABEL
from argosy_engine.controller.nodes import DagNode, GroupNode, Node, PodNode, RetryNode
from argosy_engine.controller.phase import Phase
from argosy_engine.workflow.model import PodTemplate
from argosy_schemas.names import TaskPath


@dataclass(slots=True, kw_only=True)
class TaskNodes:
    """The nodes of one task."""

    node: Node | None = None
    """The task itself: a pod, its retries, a DAG, or the leaf of one that did not run."""
    helpers: list[Node] = field(default_factory=list[Node])
    group: GroupNode | None = None
    """The iterations, of a loop that has some."""


def index_nodes(root: Node, exit_root: Node | None = None) -> dict[TaskPath, TaskNodes]:
    """Return the nodes of a run by the path of their task; the run itself has the empty path.

    A task that runs at the exit, because the run was stopped before it could, counts as that.
    """
    index: dict[TaskPath, TaskNodes] = {root.path: TaskNodes(node=root)}
    _add(index, root)
    if exit_root is not None:
        at_exit: dict[TaskPath, TaskNodes] = {}
        _add(at_exit, exit_root)
        index.update(
            (path, nodes)
            for path, nodes in at_exit.items()
            if nodes.node is not None and nodes.node.phase.is_completed
        )
    return index


def failed_phases(index: Mapping[TaskPath, TaskNodes]) -> dict[str, str]:
    """Return the phases of the tasks that did not succeed, by path."""
    return {
        path: nodes.node.phase.value
        for path, nodes in index.items()
        if nodes.node is not None and nodes.node.phase is not Phase.SUCCEEDED
    }


def _add(index: dict[TaskPath, TaskNodes], root: Node) -> None:
    pending = [root]
    while pending:
        holder = pending.pop()
        for node in _children(holder):
            entry = index.setdefault(node.path, TaskNodes())
            if is_task(node):
                entry.node = node
            elif isinstance(node, GroupNode):
                entry.group = node
                entry.helpers.append(node)
            else:
                entry.helpers.append(node)
            pending.append(node)


def is_task(node: Node) -> bool:
    """Return whether a node is a task, or an iteration, of the pipeline."""
    if isinstance(node, GroupNode) or isinstance(node.owner, RetryNode):
        return False
    outer = node.boundary
    if not node.path or (outer is not None and node.path == outer.path):
        return False
    return not (isinstance(node, PodNode | RetryNode) and _decides(node))


def is_at_exit(node: Node) -> bool:
    """Return whether a node is one of those that run when all else has come to its end."""
    outer = node
    while outer.boundary is not None:
        outer = outer.boundary
    return outer.label == EXIT_LABEL


def _decides(node: PodNode | RetryNode) -> bool:
    return isinstance(node.template, PodTemplate) and node.template.decides


def _children(node: Node) -> Iterator[Node]:
    match node:
        case DagNode() | GroupNode():
            yield from (child for child in node.children if child is not None)
        case RetryNode():
            # Attempts at a pod are told by the Retry itself; those of a DAG hold tasks.
            if node.attempts and isinstance(node.attempts[-1], DagNode):
                yield from _children(node.attempts[-1])
        case _:
            return
