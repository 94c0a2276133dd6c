"""The final statuses of upstream tasks, as input parameters of a task.

The phase of an upstream task comes from the first of these sources that knows it:

1. The workflow: see :class:`argosy_driver.resolving.phases.Phases`.
2. For an importer, which has no node: the phases of the tasks that it depends on.
3. In the exit handler of a stopped workflow: the records of the task, else the status of the
   workflow.
4. The success record of the task.
"""

from __future__ import annotations

from argosy_driver.resolving.final_status import make_final_status
from argosy_driver.resolving.outputs import Inputs, Outputs, Records
from argosy_driver.resolving.phases import OMITTED, SUCCEEDED, Phases
from argosy_driver.resolving.recorded_outcomes import RecordedOutcomes
from argosy_driver.resolving.run_context import RunContext
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.values import JsonValue


class FinalStatusInputs:
    """The final statuses of tasks in one run."""

    def __init__(
        self,
        run: RunContext,
        tree: TaskTree,
        records: Records,
        outputs: Outputs,
        phases: Phases,
        inputs: Inputs,
        readers: int,
    ) -> None:
        self._run = run
        self._tree = tree
        self._outputs = outputs
        self._phases = phases
        self._outcomes = RecordedOutcomes(records, tree, inputs, readers=readers)

    def value(self, position: TaskPosition, parent: TaskPosition, task_key: str) -> JsonValue:
        """Return the value of a ``TASK_FINAL_STATUS`` input.

        Args:
            position: The task that receives it.
            parent: The position whose DAG holds both tasks.
            task_key: The upstream task.

        Raises:
            FinalTaskError: The phase of the upstream task is not known.
        """
        upstream = self._tree.child(parent, task_key)
        phase = self._phase(parent, upstream)
        status = None
        if phase is not None:
            status = make_final_status(
                task_key,
                phase,
                job=self._run.name,
                find_error=lambda: self._outcomes.find_error(upstream),
            )
        if status is None:
            raise FinalTaskError(
                f"task '{position.path}': the status of task '{task_key}' is "
                f"{'not known' if phase is None else repr(phase)}; compile the pipeline again",
                reason=Reason.INTERNAL,
            )
        return status

    def _phase(self, parent: TaskPosition, upstream: TaskPosition) -> str | None:
        """Return the phase of an upstream task; ``None`` if no source knows it."""
        phase = self._phases.of(upstream.path)
        if phase is not None:
            return phase
        if upstream.importer is not None:
            return SUCCEEDED if self._importer_ran(parent, upstream) else OMITTED
        if self._phases.at_exit is not None:
            return self._outcomes.find_phase(upstream) or self._phases.at_exit
        return SUCCEEDED if self._outputs.succeeded(upstream) else None

    def _importer_ran(self, parent: TaskPosition, importer: TaskPosition) -> bool:
        task = importer.task
        assert task is not None
        is_ready = importer.ignores_upstream_failure or all(
            self._phase(parent, self._tree.child(parent, key)) == SUCCEEDED
            for key in task.dependencies
        )
        return is_ready and self._outputs.succeeded(importer)
