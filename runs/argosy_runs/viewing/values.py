"""What tasks received and put out, from the pipeline and the records of the run.

States come from nodes, never from here: a record may be missing for a task that ran.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from argosy_driver.resolving.outputs import Records
from argosy_driver.resolving.phases import SUCCEEDED
from argosy_driver.resolving.resolver import Resolver
from argosy_driver.resolving.run_context import RunContext
from argosy_runs.journal import Attempt
from argosy_runs.states import TaskState
from argosy_runs.viewing.items import label_item
from argosy_runs.viewing.task_nodes import NodeIndex
from argosy_schemas.errors import ArgosyError
from argosy_schemas.formats.records import Values
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.names import TaskPath


@dataclass(frozen=True, slots=True)
class NodePhases:
    """How tasks ended, for a resolver: a final status is an input that no record holds."""

    nodes: NodeIndex
    at_exit: str | None = None

    @property
    def by_path(self) -> Mapping[str, str]:
        """The phases of the tasks that did not succeed, by path."""
        return {path: phase for path in self.nodes.tasks if (phase := self.of(path)) is not None}

    def of(self, path: TaskPath) -> str | None:
        """Return how a task ended; ``None``: it succeeded if there are records of its outputs."""
        phase = self.nodes.phase(path)
        return None if phase is None or phase == SUCCEEDED else phase.value

    def failed(self, path: TaskPath) -> bool:
        """Return whether a task is known not to have succeeded, or not to have run."""
        return self.of(path) is not None


class TaskValues:
    """The values of one run, as far as the store still gives them."""

    def __init__(
        self, pipeline: Pipeline, run: RunContext, records: Records, nodes: NodeIndex
    ) -> None:
        self._resolver = Resolver(pipeline, run, records, phases=NodePhases(nodes))
        self.tree = self._resolver.tree
        """The tasks of the pipeline."""
        self._records = records
        self._nodes = nodes

    def why_undecided(self, path: TaskPath) -> str | None:
        """Return why it cannot be decided whether or how a task runs; ``None``: it can."""
        return self._resolver.why_undecided(path)

    def item_count(self, path: TaskPath) -> int | None:
        """Return how many iterations a loop has; ``None``: not known."""
        try:
            return self._resolver.count_items(self.tree.at(path))
        except ArgosyError:
            return None

    def item(self, position: TaskPosition) -> str | None:
        """Return the label of an iteration's item; ``None``: no iteration, or an unknown item."""
        if position.kind is not TaskKind.ITERATION:
            return None
        try:
            return label_item(self._resolver.item(position))
        except ArgosyError:
            return None

    def items(self, position: TaskPosition) -> tuple[str, ...]:
        """Return the labels of the iterations that a task is in, or is; the outermost first."""
        labels = (self.item(each) for each in (*reversed(position.around), position))
        return tuple(label for label in labels if label is not None)

    def import_error(self, path: TaskPath) -> str | None:
        """Return why an importer fails; ``None``: it does not."""
        try:
            self._resolver.outputs(path)
        except ArgosyError as error:
            return str(error)
        return None

    def is_skipped(self, path: TaskPath) -> bool:
        """Return whether the condition of a task is false; ``False`` if that is not known."""
        try:
            return not self._resolver.holds(self.tree.at(path))
        except ArgosyError:
            return False

    def run_outputs(self) -> Values:
        """Return the outputs of the run; those that did not come to be are absent."""
        return _read(self._resolver.outputs, TaskPath(""))

    def of_task(
        self, position: TaskPosition, state: TaskState, last: Attempt
    ) -> tuple[Values, Values]:
        """Return inputs and outputs of a task, empty where there are none or no store has them."""
        path = position.path
        if state is TaskState.SUCCEEDED:
            if self._is_container(position) and (values := self._success(path)) is not None:
                return values
            return _read(self._resolver.inputs, path), _read(self._resolver.outputs, path)
        if state in (TaskState.FAILED, TaskState.CANCELED):
            return self._failed_inputs(position, last), Values()
        return Values(), Values()

    def _is_container(self, position: TaskPosition) -> bool:
        if position.kind is TaskKind.ITERATION:
            nodes = self._nodes.tasks.get(position.path)
            return nodes is None or not nodes.is_dag
        return position.kind is TaskKind.CONTAINER

    def _success(self, path: TaskPath) -> tuple[Values, Values] | None:
        """Return inputs and outputs as the success record has them."""
        try:
            record = self._records.read_success(path)
            if record is None:
                return None
            inputs = self._records.load_large_values(record.inputs)
            return inputs, self._records.load_large_values(record.outputs)
        except ArgosyError:
            return None

    def _failed_inputs(self, position: TaskPosition, last: Attempt) -> Values:
        """Return what the last attempt saw, or what a group was given."""
        if last.failure is not None and last.id is not None:
            try:
                record = self._records.read_attempt(position.path, last.id)
                if record is not None:
                    return self._records.load_large_values(record.inputs)
            except ArgosyError:
                return Values()
        if position.kind is TaskKind.CONTAINER:
            return Values()
        return _read(self._resolver.inputs, position.path)


def _read(find: Callable[[TaskPath], Values], path: TaskPath) -> Values:
    """Return values, or none if the store no longer has them.

    A store that fails here does not change the state of the task.
    """
    try:
        return find(path)
    except ArgosyError:
        return Values()
