"""The view of a run: what became of it so far, updated with each entry of its journal.

An entry costs as much as it changes, however large the run is; the end of a group looks once at
each task in it. The state of a task without a node follows from the tasks around it, and is
computed when somebody reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, assert_never

from argosy_runs.journal import EngineStarted, JournalEntry, NodeChanged, RunEnded, StopRequested
from argosy_runs.nodes import NodePhase, NodeStatus, NodeType
from argosy_runs.states import TaskState
from argosy_runs.viewing.outcomes import (
    CONDITION_FALSE,
    Outcome,
    derive_group_outcome,
    derive_node_outcome,
    make_stopped_outcome,
    make_upstream_reason,
)
from argosy_runs.viewing.task_nodes import NodeIndex, TaskNodes
from argosy_schemas.formats.records import Failure
from argosy_schemas.ir.known import NOTHING_KNOWN, KnownResults
from argosy_schemas.ir.order import order_tasks
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import TaskPath

_NO_NODES = TaskNodes()


class Explanations(Protocol):
    """What is known of tasks beside their nodes, from pipeline and records."""

    def why_undecided(self, path: TaskPath) -> str | None:
        """Return why it cannot be decided whether or how a task runs; ``None``: it can."""
        ...

    def item_count(self, path: TaskPath) -> int | None:
        """Return how many iterations a loop has; ``None``: not known."""
        ...

    def import_error(self, path: TaskPath) -> str | None:
        """Return why an importer fails; ``None``: it does not."""
        ...

    def is_skipped(self, path: TaskPath) -> bool:
        """Return whether the condition of a task is false; ``False`` if that is not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandonment:
    """Why a run that has not ended does not continue."""

    cause: str
    """The beginning of a sentence; what a task did at that moment completes it."""
    error: str
    """One sentence about the run."""


class RunView:
    """One run, as it stands. For one thread."""

    def __init__(
        self,
        tree: TaskTree,
        nodes: NodeIndex,
        explanations: Explanations,
        *,
        exit_tasks: frozenset[str] | None,
        known: KnownResults = NOTHING_KNOWN,
    ) -> None:
        """Make the view of a run to which nothing has happened.

        Args:
            tree: The tasks of the pipeline.
            nodes: Empty; the view keeps it up to date.
            explanations: Asked where nodes alone do not say what became of a task.
            exit_tasks: Of the workflow, see :attr:`WorkflowDocument.exit_tasks`.
            known: Of the pipeline: its tasks have no nodes, and end as soon as they can.
        """
        self.known = known
        """Tasks without a pod, since their results were known, and where their records are."""
        self.nodes = nodes
        """The nodes by task, and the attempts at each."""
        self._tree = tree
        self._explanations = explanations
        self._exit_tasks = exit_tasks
        self._settled: dict[TaskPath, Outcome] = {}
        """Of tasks whose node has ended."""
        self._derived: dict[TaskPath, Outcome] = {}
        """Of other tasks, until the next entry."""
        self._known_outcomes: dict[TaskPath, Outcome] = {}
        """Likewise of known tasks, whatever becomes of importers in them."""
        self._kept: dict[TaskPath, None] = {}
        """Tasks that ended by a stop, and may run again at the exit."""
        self.started_at: datetime | None = None
        """When the last engine that worked on the run began."""
        self.updated_at: datetime | None = None
        """The time of the last entry."""
        self.stop: Failure | None = None
        """Why the run was stopped, if it was."""
        self.abandonment: Abandonment | None = None
        """Why nothing more happens, though its nodes have not ended."""

    # What happens.

    def take(self, entry: JournalEntry) -> tuple[TaskPath, ...]:
        """Take note of an entry; return the tasks that have ended by it."""
        self.updated_at = entry.at
        self._forget_derived()
        match entry:
            case EngineStarted():
                self.nodes.restart()
                self._settled.clear()
                self._kept.clear()
                self.started_at, self.stop = entry.at, None
            case NodeChanged():
                node = self.nodes.take(entry)
                if node is not None and node.phase.is_fulfilled:
                    # Computed now, not on reading: upstream tasks may run again at the exit, and
                    # change.
                    self._settled.pop(node.path, None)
                    self.outcome(self._tree.at(node.path))
                    return tuple(self._finished(node))
            case StopRequested():
                self.stop = entry.failure
            case RunEnded():
                pass  # It follows from the other entries, and serves readers of the last line.
            case _:
                assert_never(entry)
        return ()

    def load(self, nodes: Iterable[NodeStatus]) -> None:
        """Take note of nodes with their times; each follows the node that encloses it.

        A second call takes those that run at the exit.
        """
        self._forget_derived()
        for node in nodes:
            if self.nodes.add(node) is not None:
                self._settled.pop(node.path, None)
        for _ in self.tasks():
            pass  # Settles what has ended: tasks at the exit do not change why others did not run.

    def abandon(self, abandonment: Abandonment) -> None:
        """Take note that nobody works on the run any more, though it has not ended."""
        self._forget_derived()
        self.abandonment = abandonment

    def _forget_derived(self) -> None:
        self._derived.clear()
        self._known_outcomes.clear()

    def _finished(self, node: NodeStatus) -> Iterator[TaskPath]:
        """Yield each task once: one that a stop interrupted may end again at the exit."""
        path = node.path
        at_exit = self.nodes.is_at_exit(node)
        if at_exit and node.phase.is_completed:
            self._kept.pop(path, None)
            yield path
        elif at_exit:
            # It does not run again at the exit: it ended before, with all that is in it.
            for kept in [one for one in self._kept if one == path or one.startswith(f"{path}/")]:
                del self._kept[kept]
                yield kept
        elif self._may_run_again(node):
            self._kept[path] = None
        else:
            yield path

    def _may_run_again(self, node: NodeStatus) -> bool:
        if self.stop is None or node.phase is NodePhase.SUCCEEDED:
            return False
        return node.path.partition("/")[0] in (self._exit_tasks or ())

    # What can be asked.

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens, unless the run is resumed."""
        if self.abandonment is not None:
            return True
        if self._exit_tasks is None:
            return self._has_ended(TaskPath(""))
        at_exit = self.nodes.exit_root
        return at_exit is not None and at_exit.phase.is_fulfilled

    def outcome(self, position: TaskPosition) -> Outcome:
        """Return what became of a task, or of an iteration of a loop."""
        path = position.path
        found = self._settled.get(path) or self._derived.get(path)
        if found is None:
            found = self._outcome(position)
            kept = self._settled if self._has_ended(path) else self._derived
            kept[path] = found
        return found

    def tasks(self) -> Iterator[tuple[TaskPosition, Outcome]]:
        """Yield all tasks and iterations, each group after what is in it."""
        yield from self._inside(self._tree.root)

    def _inside(self, position: TaskPosition) -> Iterator[tuple[TaskPosition, Outcome]]:
        # In this order the outcomes of upstream tasks are known first.
        for inner in self._children(position):
            if inner.has_dag:
                yield from self._inside(inner)
            yield inner, self.outcome(inner)

    def _children(self, position: TaskPosition) -> Iterator[TaskPosition]:
        """Yield the tasks of a DAG, or the iterations of a loop, in their order.

        A loop that did not begin has no iterations: then they are the tasks of its DAG.
        """
        nodes = self.nodes.tasks.get(position.path, _NO_NODES)
        if position.is_loop and self._has_begun(position):
            for index in range(self._item_count(position, nodes)):
                yield self._tree.iteration(position, index)
        elif position.component.dag is not None:
            for key in order_tasks(position.component.dag):
                yield self._tree.child(position, key)

    def _item_count(self, loop: TaskPosition, nodes: TaskNodes) -> int:
        is_known = self._is_known(loop.path)
        if nodes.items is not None or not (nodes.has_group or is_known):
            return nodes.items or 0
        return self._explanations.item_count(loop.path) or 0

    def _has_ended(self, path: TaskPath) -> bool:
        node = self.nodes.tasks.get(path, _NO_NODES).node
        return node is not None and node.phase.is_fulfilled

    def _outcome(self, position: TaskPosition) -> Outcome:
        nodes = self.nodes.tasks.get(position.path, _NO_NODES)
        if position.kind is TaskKind.IMPORTER:
            return self._without_pod(position)
        if self._is_known(position.path):
            own = self._known_outcome(position)
            began = own.state is TaskState.SUCCEEDED
        else:
            own, began = self._own(position, nodes), nodes.is_dag
        if not began or not own.state.is_final:
            return own
        return derive_group_outcome(
            own, (self.outcome(inner) for inner in self._children(position)), stop=self.stop
        )

    def _own(self, position: TaskPosition, nodes: TaskNodes) -> Outcome:
        """Return what became of a task by its node, without those in it."""
        node, helper = nodes.node, nodes.failed_helper
        if helper is not None and not nodes.is_dag:
            # The deciding pod failed, and the task was omitted.
            return self._by_node(helper)
        if node is None:
            return self._without_node(position)
        if node.phase is NodePhase.OMITTED:
            return self._left_out(position)
        if node.phase.is_failed:
            return self._by_node(helper or node)
        if not node.phase.is_fulfilled and self.abandonment is not None:
            reason = f"{self.abandonment.cause} while it ran"
            return Outcome(state=TaskState.CANCELED, reason=reason)
        return self._by_node(node)

    def _by_node(self, node: NodeStatus) -> Outcome:
        attempts = self.nodes.attempts.get(node.path)
        error = self._error(node) if node.phase.is_failed else None
        failure = None if attempts is None else attempts.last.failure
        return derive_node_outcome(node, failure=failure, stop=self.stop, error=error)

    def _error(self, node: NodeStatus) -> str | None:
        """Return the error of a failed node; a DAG that failed by its tasks has none."""
        # Only a task whose expressions failed has such a node.
        if node.phase is NodePhase.ERROR and node.type is NodeType.SKIPPED and node.message:
            reason = self._explanations.why_undecided(node.path)
            return (
                reason
                or f"the condition or the items of the task cannot be evaluated: {node.message}"
            )
        return node.message or None

    def _is_known(self, path: TaskPath) -> bool:
        return self.known.covers(path)

    def _known_outcome(self, position: TaskPosition) -> Outcome:
        """Return what became of a known task, without what is in it."""
        found = self._known_outcomes.get(position.path)
        if found is None:
            found = self._known_outcomes[position.path] = self._without_pod(position)
        return found

    def _without_pod(self, position: TaskPosition) -> Outcome:
        """Return what became of an importer or known task: it needs no pod, so it has no node."""
        holder = _holder(position)
        if not self._has_begun(holder):
            return self._without_node(position)
        upstream = [self.outcome(each).state for each in self._upstream(position)]
        if not (self._is_closed(holder) or all(state.is_final for state in upstream)):
            return Outcome(state=TaskState.PENDING)
        if not position.ignores_upstream_failure and any(
            state is not TaskState.SUCCEEDED for state in upstream
        ):
            return self._left_out(position)
        if position.loop is None and self._explanations.is_skipped(position.path):
            return Outcome(state=TaskState.SKIPPED, reason=CONDITION_FALSE)
        if position.kind is TaskKind.IMPORTER:
            error = self._explanations.import_error(position.path)
            if error is not None:
                return Outcome(state=TaskState.FAILED, error=error, failed_path=position.path)
        return Outcome(state=TaskState.SUCCEEDED)

    def _without_node(self, position: TaskPosition) -> Outcome:
        holder = _holder(position)
        if holder.path and not self._has_begun(holder):
            outer = self.outcome(holder).state
            if not outer.is_final:
                return Outcome(state=TaskState.PENDING)
            return Outcome(
                state=TaskState.NOT_RUN, reason=make_upstream_reason(_key(holder), outer)
            )
        if not self._is_closed(holder):
            return Outcome(state=TaskState.PENDING)
        return self._left_out(position)

    def _left_out(self, position: TaskPosition) -> Outcome:
        """Return what became of a task that did not start, in a DAG that did."""
        for upstream in self._upstream(position):
            state = self.outcome(upstream).state
            if state.is_final and state is not TaskState.SUCCEEDED:
                return Outcome(
                    state=TaskState.NOT_RUN, reason=make_upstream_reason(_key(upstream), state)
                )
        if self.stop is not None:
            return make_stopped_outcome(self.stop)
        if self.abandonment is not None and position.path not in self.nodes.tasks:
            reason = f"{self.abandonment.cause} before it could start"
            return Outcome(state=TaskState.NOT_RUN, reason=reason)
        return Outcome(state=TaskState.NOT_RUN)

    def _upstream(self, position: TaskPosition) -> Iterator[TaskPosition]:
        """Yield the tasks that one depends on; an iteration depends on none."""
        parent, task = position.parent, position.task
        if parent is None or task is None or position.loop is not None:
            return
        for key in task.dependencies:
            if parent.component.dag is not None and key in parent.component.dag.tasks:
                yield self._tree.child(parent, key)

    def _has_begun(self, holder: TaskPosition) -> bool:
        if self._is_known(holder.path):
            return self._known_outcome(holder).state is TaskState.SUCCEEDED
        nodes = self.nodes.tasks.get(holder.path, _NO_NODES)
        return nodes.is_dag if holder.path else nodes.node is not None

    def _is_closed(self, holder: TaskPosition) -> bool:
        """Return whether nothing more starts in a DAG."""
        return self.is_over or self._has_ended(holder.path) or self._is_known(holder.path)


def _holder(position: TaskPosition) -> TaskPosition:
    """Return the position whose node decides whether a task may start."""
    holder = position.loop or position.parent
    assert holder is not None, "nobody asks for the root"
    return holder


def _key(position: TaskPosition) -> str:
    """Return the last segment of a task's path."""
    return position.path.rpartition("/")[2]
