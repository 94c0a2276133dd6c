"""Report what happens: to the journal, to the view of the run, and to the caller's listener."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from argosy_engine.controller.nodes import GroupNode, Node, PodNode, RetryNode
from argosy_engine.home.journal import JournalWriter
from argosy_engine.pods.protocol import PodOutcome
from argosy_engine.scheduling.observer import Observer
from argosy_engine.workflow.model import PodTemplate
from argosy_runs.events import (
    Listener,
    Notice,
    Stopping,
    TaskFinished,
    TaskRetrying,
    TaskStarted,
)
from argosy_runs.journal import Attempt, JournalEntry, NodeChanged, StopRequested
from argosy_runs.nodes import NodePhase, NodeStatus, NodeType
from argosy_runs.viewing.task_nodes import TaskAttempts
from argosy_runs.viewing.values import TaskValues
from argosy_runs.viewing.view import RunView
from argosy_schemas.formats.records import Failure
from argosy_schemas.names import TaskPath

_NO_ATTEMPTS = TaskAttempts()


class Reporter(Observer):
    """Makes entries of what the engine does, and events of what they change."""

    def __init__(
        self,
        *,
        journal: JournalWriter,
        view: RunView,
        values: TaskValues,
        home: Path,
        emit: Listener,
        on_skip: Callable[[TaskPath], None],
    ) -> None:
        """Make an observer.

        Args:
            journal: Of the run.
            view: Of the run; takes every entry.
            values: Of the run.
            home: Where the store is; absolute.
            emit: Called with every event.
            on_skip: Called with a task whose condition is false, before anything that follows it.
        """
        self._journal: JournalWriter | None = journal
        self._view = view
        self._values = values
        self._home = home
        self._emit = emit
        self._on_skip = on_skip
        self._ended_pods: dict[PodNode, Attempt] = {}
        """Until their nodes change."""

    def take(self, entry: JournalEntry) -> None:
        """Write an entry to the journal, and emit the end of each task that ends by it."""
        if self._journal is not None:
            try:
                self._journal.write(entry)
            except OSError as error:
                # The run itself does not depend on it.
                self._journal = None
                self._emit(Notice(message=f"the journal cannot be written: {error.strerror}"))
        finished = self._view.take(entry)
        if isinstance(entry, NodeChanged) and entry.node.phase is NodePhase.SKIPPED:
            task = self._view.nodes.tasks.get(entry.node.path)
            if task is not None and task.node is not None and task.node.name == entry.node.name:
                self._on_skip(entry.node.path)
        for path in finished:
            self._emit_finished(path)

    def node_changed(self, node: Node, phase: NodePhase, at: datetime) -> None:
        """Report the new phase of a node."""
        attempt = self._ended_pods.pop(node, None) if isinstance(node, PodNode) else None
        self.take(NodeChanged(at=at, node=_make_status(node, phase), attempt=attempt))

    def pod_started(self, node: PodNode, at: datetime) -> None:
        """Report an attempt at a task."""
        if node.template.decides:
            return
        # Its node changes right after.
        attempt = self._attempts(node.path).count + 1
        position = self._values.tree.at(node.path)
        self._emit(
            TaskStarted(
                path=node.path,
                name=position.display_name,
                at=at,
                items=self._values.items(position),
                attempt=attempt,
            )
        )

    def pod_ended(self, node: PodNode, outcome: PodOutcome, at: datetime) -> None:
        """Keep what came of the attempt until its node changes."""
        record = outcome.record
        self._ended_pods[node] = Attempt(
            id=None if record is None else record.attempt_id,
            cached=outcome.cached,
            adopted=outcome.adopted,
            failure=outcome.failure,
            log=None if record is None else record.log,
        )

    def retry_scheduled(self, node: RetryNode, at: datetime, retry_at: datetime) -> None:
        """Report that the task is not lost yet."""
        # The next attempt may have its node already.
        last = next(one for one in reversed(node.attempts) if one.phase.is_fulfilled)
        self._emit(
            TaskRetrying(
                path=node.path,
                at=at,
                attempt=self._attempts(node.path).count,
                error=last.message,
                retry_at=retry_at,
            )
        )

    def stopping(self, failure: Failure, at: datetime) -> None:
        """Report that the end begins."""
        self.take(StopRequested(at=at, failure=failure))
        self._emit(Stopping(at=at))

    def _emit_finished(self, path: TaskPath) -> None:
        position = self._values.tree.at(path)
        outcome = self._view.outcome(position)
        node = self._view.nodes.tasks[path].node
        attempts = self._attempts(path)
        assert node is not None
        assert node.finished_at is not None
        log = attempts.last.log
        self._emit(
            TaskFinished(
                path=path,
                name=position.display_name,
                kind=position.kind,
                state=outcome.state,
                at=node.finished_at,
                items=self._values.items(position),
                started_at=node.started_at,
                attempts=attempts.count,
                cached=attempts.last.cached,
                adopted=attempts.last.adopted,
                # The event of the failed task in a group has the error.
                error=outcome.error if outcome.failed_path == path else None,
                reason=outcome.reason,
                log=None if log is None else str(self._home / log),
            )
        )

    def _attempts(self, path: TaskPath) -> TaskAttempts:
        return self._view.nodes.attempts.get(path, _NO_ATTEMPTS)


def _make_status(node: Node, phase: NodePhase) -> NodeStatus:
    template = node.template if isinstance(node, PodNode | RetryNode) else None
    return NodeStatus(
        name=node.name,
        type=NodeType(node.kind),
        phase=phase,
        path=node.path,
        boundary=None if node.boundary is None else node.boundary.name,
        message=node.message if phase.is_fulfilled else "",
        is_attempt=isinstance(node.owner, RetryNode),
        decides=isinstance(template, PodTemplate) and template.decides,
        items=len(node.children) if isinstance(node, GroupNode) else None,
    )
