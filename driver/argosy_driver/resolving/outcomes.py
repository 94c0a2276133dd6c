"""What became of tasks, as far as the store knows.

The workflow says how a task ended, and no record can: a condition that was false leaves none, nor
does a pod that was evicted. But why one failed stands in its record alone. And what runs after a
stop is told of the workflow as a whole; whether a task was done by then follows from the success
records below it, from conditions and from the items of loops.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from argosy_driver.resolving.claims import is_claim
from argosy_driver.resolving.final_status import OMITTED, SUCCEEDED
from argosy_driver.resolving.outputs import Inputs, Records
from argosy_schemas.errors import FinalTaskError, StoreError
from argosy_schemas.formats.records import AttemptRecord, AttemptState, Traces
from argosy_schemas.ir.model import Dag
from argosy_schemas.ir.order import order_tasks
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import AttemptId, TaskPath
from argosy_store.parallel import for_each


class Outcomes:
    """Looks for outcomes of one run."""

    def __init__(self, records: Records, tree: TaskTree, inputs: Inputs, *, readers: int) -> None:
        """Look into ``records``, ``readers`` of them at a time."""
        self._records = records
        self._tree = tree
        self._inputs = inputs
        self._readers = readers

    def error(self, node: TaskPosition) -> str | None:
        """Return why a task failed, a DAG or loop by the task in it that did so first.

        One that was stopped stands behind those that failed. ``None``: no record says it.
        """
        ends = sorted(
            (record.state is not AttemptState.FAILED, record.finished_at, record.task_path, failure)
            for record in self._last_attempts(self._traces(node).unfinished)
            if (failure := record.failure) is not None and record.finished_at is not None
        )
        if not ends:
            return None
        was_stopped, _, path, failure = ends[0]
        if path == node.path:
            return failure.message
        return f"'{path}' {'was canceled' if was_stopped else 'failed'}: {failure.message}"

    def _last_attempts(
        self, attempts: Sequence[tuple[TaskPath, AttemptId]]
    ) -> Iterable[AttemptRecord]:
        found: list[AttemptRecord] = []

        def read(attempt: tuple[TaskPath, AttemptId]) -> None:
            record = self._records.read_attempt(*attempt)
            if record is not None:
                found.append(record)

        for_each(read, attempts, width=max(1, min(self._readers, len(attempts))))
        found.sort(key=lambda record: (record.started_at, record.attempt_id))
        return {record.task_path: record for record in found}.values()

    def phase(self, node: TaskPosition) -> str | None:
        """Return the phase that a task had come to when the workflow was stopped.

        That is that it succeeded, or that nothing of it had begun; ``None`` is all between.
        """
        traces = self._traces(node)
        try:
            done = self._is_done(node, traces)
        except FinalTaskError:
            # A condition, or the items of a loop, cannot be evaluated.
            done = False
        if done:
            return SUCCEEDED
        return OMITTED if done is False and not (traces.succeeded or traces.unfinished) else None

    def _is_done(self, node: TaskPosition, traces: Traces) -> bool | None:
        """Return whether all of a task that was to run succeeded; ``None``: nobody knows."""
        if node.is_loop:
            count = self._inputs.count(node)
            iterations = (self._tree.iteration(node, index) for index in range(count))
            return _all([self._is_done(each, traces) for each in iterations])
        if node.component.dag is not None:
            return self._is_dag_done(node, node.component.dag, traces)
        if is_claim(node.component):
            return None
        return node.importer is not None or node.path in traces.succeeded

    def _is_dag_done(self, node: TaskPosition, dag: Dag, traces: Traces) -> bool | None:
        ran: dict[str, bool] = {}
        found: list[bool | None] = []
        for key in order_tasks(dag):
            child, task = self._tree.child(node, key), dag.tasks[key]
            ran[key] = child.ignores_upstream_failure or all(
                ran[each] for each in task.dependencies
            )
            ran[key] = ran[key] and (task.condition is None or self._inputs.holds(child))
            if ran[key]:
                found.append(self._is_done(child, traces))
                if found[-1] is False:
                    return False
        return _all(found)

    def _traces(self, node: TaskPosition) -> Traces:
        try:
            return self._records.traces(node.path)
        except StoreError as error:
            if error.retryable:
                raise
            # Whoever may read records need not have the right to list them.
            return Traces()


def _all(found: list[bool | None]) -> bool | None:
    if False in found:
        return False
    return None if None in found else True
