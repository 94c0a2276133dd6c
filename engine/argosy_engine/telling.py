"""Tell journal, ledger and listener what happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from argosy_engine.controller.endings import error_of
from argosy_engine.controller.messages import ShutdownReason
from argosy_engine.controller.nodes import Node, PodNode, RetryNode
from argosy_engine.controller.phase import Phase
from argosy_engine.events import (
    Listener,
    Notice,
    Stopping,
    TaskFinished,
    TaskRetrying,
    TaskStarted,
)
from argosy_engine.home.journal import Journal
from argosy_engine.ledger import Ledger
from argosy_engine.pods.protocol import PodOutcome
from argosy_engine.scheduling.observer import Observer
from argosy_engine.states import TaskState
from argosy_engine.task_nodes import is_at_exit, is_task
from argosy_engine.workflow.model import DagTemplate, Workflow
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.ir.task_tree import TaskTree
from argosy_schemas.names import TaskPath
from argosy_schemas.pod import PATH_INPUT, TASK_INPUT


class Telling(Observer):
    """Turns what happens to nodes into lines, entries and events."""

    def __init__(
        self,
        *,
        workflow: Workflow,
        journal: Journal,
        ledger: Ledger,
        emit: Listener,
        tree: TaskTree,
        undecided: Callable[[TaskPath], str | None],
        on_skip: Callable[[TaskPath], None],
    ) -> None:
        """Make an observer.

        Args:
            workflow: Of the run.
            journal: For each phase of each node.
            ledger: For what became of pods.
            emit: Told of everything.
            tree: Of the pipeline.
            undecided: Says why it cannot be decided about a task, see :func:`error_of`.
            on_skip: Called with a task whose condition is false, before anything that follows it.
        """
        self._journal: Journal | None = journal
        self._ledger = ledger
        self._emit = emit
        self._tree = tree
        self._undecided = undecided
        self._on_skip = on_skip
        self._is_stopping = False
        self._run_at_exit = _run_at_exit(workflow)
        self._kept: dict[TaskPath, tuple[Node, Phase, datetime]] = {}
        """What is told of such tasks, and of what is in them, if they do not run again."""

    def node_changed(self, node: Node, phase: Phase, at: datetime) -> None:
        """Write a line, and tell of tasks that came to their end."""
        if self._journal is not None:
            try:
                self._journal.node_changed(node, phase, at)
            except OSError as error:
                # The run itself does not depend on it.
                self._journal = None
                self._emit(Notice(message=f"the journal cannot be written: {error.strerror}"))
        if phase.is_fulfilled and node.boundary is not None and is_task(node):
            if phase is Phase.SKIPPED and not is_at_exit(node):
                self._on_skip(node.path)
            self._ended(node, phase, at)

    def pod_started(self, node: PodNode, at: datetime) -> None:
        """Count the attempt."""
        if node.template.decides:
            return
        attempt = self._ledger.started(node.path)
        name = self._tree.at(node.path).display_name
        self._emit(TaskStarted(path=node.path, name=name, at=at, attempt=attempt))

    def pod_ended(self, node: PodNode, outcome: PodOutcome, at: datetime) -> None:
        """Take down what came of the attempt."""
        self._ledger.ended(node.path, outcome)

    def retry_scheduled(self, node: RetryNode, at: datetime, retry_at: datetime) -> None:
        """Tell that the task is not lost yet."""
        # The next attempt may have its node already.
        last = next(one for one in reversed(node.attempts) if one.phase.is_fulfilled)
        self._emit(
            TaskRetrying(
                path=node.path,
                at=at,
                attempt=self._ledger[node.path].attempts,
                error=last.message,
                retry_at=retry_at,
            )
        )

    def stopping(self, failure: Failure, at: datetime) -> None:
        """Tell that the end begins."""
        self._is_stopping = True
        self._emit(Stopping(at=at))

    def _ended(self, node: Node, phase: Phase, at: datetime) -> None:
        """Tell of a task once: what the stop kept from its end may come to it at the exit."""
        at_exit = is_at_exit(node)
        comes_again = node.path.partition("/")[0] in self._run_at_exit
        if at_exit and phase.is_completed:
            self._kept.pop(node.path, None)
            self._finished(node, phase, at)
        elif at_exit:
            # It is not wanted again: it came to its end in its own place, with all that is in it.
            inside = f"{node.path}/"
            for path in [one for one in self._kept if one == node.path or one.startswith(inside)]:
                self._finished(*self._kept.pop(path))
        elif self._is_stopping and comes_again and phase is not Phase.SUCCEEDED:
            self._kept[node.path] = (node, phase, at)
        else:
            self._finished(node, phase, at)

    def _finished(self, node: Node, phase: Phase, at: datetime) -> None:
        entry = self._ledger[node.path]
        state = self._state(node, phase, entry.failure)
        is_pod = isinstance(node, PodNode | RetryNode)
        position = self._tree.at(node.path)
        self._emit(
            TaskFinished(
                path=node.path,
                name=position.display_name,
                kind=position.kind,
                state=state,
                at=at,
                started_at=node.started_at,
                attempts=entry.attempts,
                cached=entry.cached,
                adopted=entry.adopted,
                error=self._error(node, entry.failure) if state is TaskState.FAILED else None,
                reason=None if state is TaskState.FAILED else _REASONS.get(phase),
                log=entry.log if is_pod else None,
            )
        )

    def _error(self, node: Node, failure: Failure | None) -> str | None:
        return error_of(node, self._undecided) if failure is None else failure.message

    def _state(self, node: Node, phase: Phase, failure: Failure | None) -> TaskState:
        match phase:
            case Phase.SUCCEEDED:
                return TaskState.SUCCEEDED
            case Phase.SKIPPED:
                return TaskState.SKIPPED
            case Phase.OMITTED if failure is None:
                return TaskState.NOT_RUN
            case _:
                if failure is not None:
                    # Also of a pod that was to decide about the task, which is left out then.
                    canceled = failure.reason is Reason.CANCELED
                    return TaskState.CANCELED if canceled else TaskState.FAILED
                if node.message == ShutdownReason.STOP:
                    return TaskState.CANCELED
                if node.message == ShutdownReason.DEADLINE:
                    return TaskState.NOT_RUN
                return TaskState.FAILED


def _run_at_exit(workflow: Workflow) -> frozenset[str]:
    """Return the tasks of the pipeline itself that run again at the exit after a stop."""
    at_exit = None if workflow.on_exit is None else workflow.templates[workflow.on_exit]
    if not isinstance(at_exit, DagTemplate):
        return frozenset()
    return frozenset(
        text.removesuffix("/")
        for task in at_exit.tasks
        for name, text in task.arguments
        if name in (TASK_INPUT, PATH_INPUT)
    )


_REASONS = {
    Phase.SKIPPED: "its condition was false",
    Phase.OMITTED: "what it depends on did not come to pass",
}
