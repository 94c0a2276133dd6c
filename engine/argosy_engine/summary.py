"""Make the result of a run: a state for every task of the pipeline, with what is known of it.

The tasks come from the pipeline, their states from nodes, never from records: a record may be
missing for a task that ran, and a task that did not run has none. Values come from records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from argosy_driver.resolving.resolver import Resolver
from argosy_engine.controller.endings import error_of
from argosy_engine.controller.messages import ShutdownReason
from argosy_engine.controller.nodes import DagNode, Node
from argosy_engine.controller.phase import Phase
from argosy_engine.home.known_records import KnownRecords
from argosy_engine.ledger import Ledger
from argosy_engine.results import TaskResult, path_order
from argosy_engine.states import TaskState
from argosy_engine.task_nodes import TaskNodes
from argosy_schemas.errors import ArgosyError
from argosy_schemas.formats.records import Failure, Reason, Values
from argosy_schemas.ir.model import Task, TriggerStrategy
from argosy_schemas.ir.order import in_order
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.names import TaskPath

_NO_NODES = TaskNodes()
_SHUTDOWN_MESSAGES = frozenset(reason.value for reason in ShutdownReason)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What became of a task, before its values are looked up."""

    state: TaskState
    reason: str | None = None
    error: str | None = None
    failed_path: str | None = None
    """The task whose failure made a DAG fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything that the results are made of."""

    nodes: Mapping[TaskPath, TaskNodes]
    ledger: Ledger
    resolver: Resolver
    records: KnownRecords
    stop_failure: Failure | None
    """Why the run was stopped, if it was."""

    def tasks(self) -> tuple[TaskResult, ...]:
        """Return the results of all tasks, by path with numeric segments as numbers."""
        found: list[TaskResult] = []
        self._collect_dag(self.resolver.tree.root, True, None, found.append)
        return tuple(sorted(found, key=lambda result: path_order(result.path)))

    def outputs(self) -> Values:
        """Return the outputs of the run; those that did not come to be are absent."""
        return self._values(self.resolver.outputs, TaskPath(""))

    def _collect_dag(
        self,
        position: TaskPosition,
        has_started: bool,
        why_not: str | None,
        add: Callable[[TaskResult], None],
    ) -> list[_Verdict]:
        """Add the tasks of the DAG at a position and return what became of them.

        Tasks of a loop that did not begin are added once, without an index in their path.
        """
        dag = position.component.dag
        if dag is None:
            return []
        verdicts: dict[str, _Verdict] = {}
        for key in in_order(dag):
            child = self.resolver.tree.child(position, key)
            verdicts[key] = self._collect_task(
                child, dag.tasks[key], verdicts, has_started, why_not, add
            )
        return list(verdicts.values())

    def _collect_task(
        self,
        position: TaskPosition,
        task: Task,
        before: Mapping[str, _Verdict],
        has_started: bool,
        why_not: str | None,
        add: Callable[[TaskResult], None],
    ) -> _Verdict:
        """Add a task with all below it, and return what became of it."""
        path, kind = position.path, position.kind
        nodes = self.nodes.get(path, _NO_NODES)
        if kind is TaskKind.IMPORTER:
            verdict = self._importer(path, task, before, has_started, why_not)
        elif nodes.node is None and not any(helper.phase.is_failed for helper in nodes.helpers):
            verdict = self._never_came(task, before, why_not)
        else:
            verdict = self._from_nodes(path, task, nodes, before)
        began = isinstance(nodes.node, DagNode)
        if kind is TaskKind.LOOP and began:
            inner = self._collect_iterations(position, task, nodes, add)
        else:
            below = None if began else _did_not_run(task.key, verdict.state)
            inner = self._collect_dag(position, began, below, add)
        if began:
            verdict = self._of_dag(verdict, inner)
        add(self._result(position, task.key, verdict))
        return verdict

    def _collect_iterations(
        self,
        loop: TaskPosition,
        task: Task,
        nodes: TaskNodes,
        add: Callable[[TaskResult], None],
    ) -> list[_Verdict]:
        verdicts: list[_Verdict] = []
        count = 0 if nodes.group is None else len(nodes.group.children)
        for index in range(count):
            position = self.resolver.tree.iteration(loop, index)
            inner_nodes = self.nodes.get(position.path, _NO_NODES)
            verdict = self._from_nodes(position.path, task, inner_nodes, {})
            began = isinstance(inner_nodes.node, DagNode)
            below = None if began else _did_not_run(str(index), verdict.state)
            inner = self._collect_dag(position, began, below, add)
            if began:
                verdict = self._of_dag(verdict, inner)
            add(self._result(position, str(index), verdict))
            verdicts.append(verdict)
        return verdicts

    # What became of a task.

    def _from_nodes(
        self, path: TaskPath, task: Task, nodes: TaskNodes, before: Mapping[str, _Verdict]
    ) -> _Verdict:
        node = nodes.node
        broken = next((helper for helper in nodes.helpers if helper.phase.is_failed), None)
        if broken is not None and not isinstance(node, DagNode):
            # What was to decide about the task failed, and the task was left out.
            return self._broken(path, broken)
        if node is None:
            return self._never_came(task, before, None)
        match node.phase:
            case Phase.SUCCEEDED:
                return _Verdict(TaskState.SUCCEEDED)
            case Phase.SKIPPED:
                return _Verdict(TaskState.SKIPPED, reason="its condition was false")
            case Phase.OMITTED:
                return self._never_came(task, before, None)
            case Phase.FAILED | Phase.ERROR:
                return self._broken(path, broken if broken is not None else node)
            case Phase.PENDING | Phase.RUNNING:
                return self._stopped()

    def _broken(self, path: TaskPath, node: Node) -> _Verdict:
        """Return the verdict of a node that failed, or was ended."""
        failure = self.ledger[path].failure
        if failure is not None:
            if failure.reason is Reason.CANCELED:
                return _Verdict(TaskState.CANCELED, reason=failure.message)
            return _Verdict(TaskState.FAILED, error=failure.message, failed_path=path)
        if node.message in _SHUTDOWN_MESSAGES:
            return self._stopped()
        error = error_of(node, self.resolver.undecided)
        return _Verdict(TaskState.FAILED, error=error, failed_path=path)

    def _stopped(self) -> _Verdict:
        """Return the verdict of what was not begun when the run was stopped."""
        failure = self.stop_failure
        if failure is None or failure.reason is Reason.CANCELED:
            return _Verdict(TaskState.CANCELED, reason="the run was stopped before it could start")
        return _Verdict(TaskState.NOT_RUN, reason=failure.message)

    def _never_came(
        self, task: Task, before: Mapping[str, _Verdict], why_not: str | None
    ) -> _Verdict:
        """Return the verdict of a task that was left out."""
        if why_not is None:
            for upstream in task.dependencies:
                verdict = before.get(upstream)
                if verdict is not None and verdict.state is not TaskState.SUCCEEDED:
                    why_not = _did_not_run(upstream, verdict.state)
                    break
        if self.stop_failure is not None and why_not is None:
            return self._stopped()
        return _Verdict(TaskState.NOT_RUN, reason=why_not)

    def _importer(
        self,
        path: TaskPath,
        task: Task,
        before: Mapping[str, _Verdict],
        has_started: bool,
        why_not: str | None,
    ) -> _Verdict:
        """Return the verdict of an importer: it needs no pod, so it has no node."""
        is_ready = task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED or all(
            before[upstream].state is TaskState.SUCCEEDED
            for upstream in task.dependencies
            if upstream in before
        )
        if not has_started or not is_ready:
            return self._never_came(task, before, why_not)
        try:
            self.resolver.outputs(path)
        except ArgosyError as error:
            return _Verdict(TaskState.FAILED, error=str(error), failed_path=path)
        return _Verdict(TaskState.SUCCEEDED)

    def _of_dag(self, verdict: _Verdict, inner: Sequence[_Verdict]) -> _Verdict:
        """Return the verdict of a DAG that began, from those of its tasks."""
        failed = next((each for each in inner if each.state is TaskState.FAILED), None)
        if failed is not None:
            where = failed.failed_path or ""
            error = f"'{where}' failed"
            return _Verdict(TaskState.FAILED, error=error, failed_path=where)
        canceled = next((each for each in inner if each.state is TaskState.CANCELED), None)
        if canceled is not None:
            return _Verdict(TaskState.CANCELED, reason=canceled.reason)
        if verdict.state is TaskState.FAILED and verdict.error is None and self.stop_failure:
            # Nothing in it failed: the run was ended before all of it could begin.
            why = self.stop_failure.message
            if all(each.state in (TaskState.NOT_RUN, TaskState.SKIPPED) for each in inner):
                return _Verdict(TaskState.NOT_RUN, reason=why)
            return replace(verdict, error=why)
        return verdict

    # Values.

    def _result(self, position: TaskPosition, name: str, verdict: _Verdict) -> TaskResult:
        path, kind = position.path, position.kind
        entry = self.ledger[path]
        inputs, outputs = Values(), Values()
        if verdict.state is TaskState.SUCCEEDED:
            inputs, outputs = self._succeeded_values(position)
        elif verdict.state in (TaskState.FAILED, TaskState.CANCELED):
            inputs = self._failed_inputs(path, kind, entry.inputs)
        node = self.nodes.get(path, _NO_NODES).node
        return TaskResult(
            path=path,
            kind=kind,
            name=name,
            display_name=position.display_name,
            state=verdict.state,
            reason=verdict.reason,
            cached=entry.cached,
            attempts=entry.attempts,
            inputs=inputs,
            outputs=outputs,
            error=verdict.error,
            log=entry.log,
            started_at=None if node is None else node.started_at,
            finished_at=None if node is None or node.started_at is None else node.finished_at,
        )

    def _succeeded_values(self, position: TaskPosition) -> tuple[Values, Values]:
        if position.container is not None and not position.is_loop:
            record = self._record(position.path)
            if record is not None:
                return record
        return (
            self._values(self.resolver.inputs, position.path),
            self._values(self.resolver.outputs, position.path),
        )

    def _record(self, path: TaskPath) -> tuple[Values, Values] | None:
        """Return inputs and outputs as the success record has them."""
        try:
            record = self.records.read_success(path)
            if record is None:
                return None
            inputs = self.records.with_values(record.inputs)
            return inputs, self.records.with_values(record.outputs)
        except ArgosyError:
            return None

    def _failed_inputs(self, path: TaskPath, kind: TaskKind, seen: Values | None) -> Values:
        if seen is not None:
            try:
                return self.records.with_values(seen)
            except ArgosyError:
                return seen
        if kind is TaskKind.CONTAINER:
            return Values()
        return self._values(self.resolver.inputs, path)

    def _values(self, find: Callable[[TaskPath], Values], path: TaskPath) -> Values:
        """Return values, or none where the store does not give them any more.

        By now every task has its state; a store that fails here takes nothing from that.
        """
        try:
            return find(path)
        except ArgosyError:
            return Values()


def _did_not_run(key: str, state: TaskState) -> str:
    match state:
        case TaskState.FAILED:
            return f"'{key}' failed"
        case TaskState.SKIPPED:
            return f"'{key}' was skipped"
        case TaskState.CANCELED:
            return f"'{key}' was canceled"
        case TaskState.NOT_RUN:
            return f"'{key}' did not run"
        case TaskState.SUCCEEDED:
            return f"'{key}' came to its end without it"
