"""Outcomes of tasks, derived from the records in the store.

Two questions need records. Why did a task fail: only the record of its attempt says it. And in the
exit handler of a stopped workflow, which knows the status of the workflow but not those of its
tasks: had a task succeeded, or not begun, when the workflow stopped? The second answer follows from
the success records, the conditions and the items of loops. Records cannot answer more: a task whose
condition was false leaves none, nor does an evicted pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from argosy_driver.resolving.claims import is_claim
from argosy_driver.resolving.outputs import Inputs, Records
from argosy_driver.resolving.phases import OMITTED, SUCCEEDED
from argosy_schemas.errors import FinalTaskError, StoreError
from argosy_schemas.formats.records import AttemptRecord, AttemptState, Traces
from argosy_schemas.ir.model import Dag
from argosy_schemas.ir.order import order_tasks
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import AttemptId, TaskPath
from argosy_store.parallel import for_each


class RecordedOutcomes:
    """The outcomes of tasks of one run, as far as records show them."""

    def __init__(self, records: Records, tree: TaskTree, inputs: Inputs, *, readers: int) -> None:
        """Make the outcomes from ``records``, read by ``readers`` threads."""
        self._records = records
        self._tree = tree
        self._inputs = inputs
        self._readers = readers

    def find_error(self, position: TaskPosition) -> str | None:
        """Return why a task failed; for a DAG or loop, why the first task in it failed.

        A task that was canceled counts only if none failed. ``None`` if no record has a failure.
        """
        ends = sorted(
            (record.state is not AttemptState.FAILED, record.finished_at, record.task_path, failure)
            for record in self._last_attempts(self._traces(position).unfinished)
            if (failure := record.failure) is not None and record.finished_at is not None
        )
        if not ends:
            return None
        was_stopped, _, path, failure = ends[0]
        if path == position.path:
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

    def find_phase(self, position: TaskPosition) -> str | None:
        """Return the phase of a task at the moment when the workflow was stopped.

        ``Succeeded`` if the task was complete, ``Omitted`` if nothing of it had begun, else
        ``None``.
        """
        traces = self._traces(position)
        try:
            done = self._is_done(position, traces)
        except FinalTaskError:
            # A condition or the items of a loop cannot be evaluated.
            done = False
        if done:
            return SUCCEEDED
        return OMITTED if done is False and not (traces.succeeded or traces.unfinished) else None

    def _is_done(self, position: TaskPosition, traces: Traces) -> bool | None:
        """Return whether every part of a task that had to run succeeded; ``None``: not known."""
        if position.is_loop:
            count = self._inputs.count_items(position)
            iterations = (self._tree.iteration(position, index) for index in range(count))
            return _all([self._is_done(each, traces) for each in iterations])
        if position.component.dag is not None:
            return self._is_dag_done(position, position.component.dag, traces)
        if is_claim(position.component):
            return None
        return position.importer is not None or position.path in traces.succeeded

    def _is_dag_done(self, position: TaskPosition, dag: Dag, traces: Traces) -> bool | None:
        ran: dict[str, bool] = {}
        found: list[bool | None] = []
        for key in order_tasks(dag):
            child, task = self._tree.child(position, key), dag.tasks[key]
            ran[key] = child.ignores_upstream_failure or all(
                ran[each] for each in task.dependencies
            )
            ran[key] = ran[key] and (task.condition is None or self._inputs.holds(child))
            if ran[key]:
                found.append(self._is_done(child, traces))
                if found[-1] is False:
                    return False
        return _all(found)

    def _traces(self, position: TaskPosition) -> Traces:
        try:
            return self._records.find_traces(position.path)
        except StoreError as error:
            if error.retryable:
                raise
            # A store may permit to read records and forbid to list them.
            return Traces()


def _all(found: list[bool | None]) -> bool | None:
    if False in found:
        return False
    return None if None in found else True
