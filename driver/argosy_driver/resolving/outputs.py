"""Outputs of tasks, DAGs, loops and importers, derived from success records.

A container's outputs are in its success record. A DAG's outputs are those of its tasks. A loop's
outputs are collected over its iterations: one list level per loop for parameters, one flat list for
artifacts. Skipped iterations contribute nothing (``ir-semantics`` 3.3, 3.4).

An output of a DAG may have several sources (``OneOf``): the first branch that ran provides it. The
success record shows whether a container ran. Importers, volume claims and loops have no record, so
for them it follows from the conditions of the tasks around them, up to the DAG that makes the
choice, which the caller knows to have run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from argosy_driver.resolving.claims import NAME_OUTPUT, is_claim
from argosy_driver.resolving.phases import Phases
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.dataclass_json import from_members, to_members
from argosy_schemas.formats.records import Artifact, AttemptRecord, Reason, Traces, Values
from argosy_schemas.ir.model import TaskOutput
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.values import UNSET, JsonValue, Unset
from argosy_store.parallel import for_each

MANY_ITERATIONS = 100
"""Above this count, the first reader writes a collected list to the store for the next ones."""

_LARGEST_BATCH = 32

Artifacts: TypeAlias = "tuple[Artifact, ...]"


class Records(Protocol):
    """The part of :class:`argosy_store.run_records.RunRecords` that a resolver uses."""

    def read_success(self, path: TaskPath) -> AttemptRecord | None:
        """Return the success record of a task."""
        ...

    def read_attempt(self, path: TaskPath, attempt_id: AttemptId) -> AttemptRecord | None:
        """Return the record of an attempt."""
        ...

    def find_traces(self, path: TaskPath) -> Traces:
        """Return which tasks at a path and below it have left records."""
        ...

    def load_large_values(self, values: Values) -> Values:
        """Return ``values`` with its large parameters read and in place."""
        ...

    def read_collected(self, path: TaskPath, name: str) -> JsonValue | Unset:
        """Return the list that was collected from a loop under this name, or ``UNSET``."""
        ...

    def write_collected(self, path: TaskPath, name: str, value: JsonValue) -> None:
        """Store a list that was collected from a loop."""
        ...


class Inputs(Protocol):
    """The part of a resolver that outputs depend on, besides records."""

    def count_items(self, loop: TaskPosition) -> int:
        """Return the number of iterations of a loop."""
        ...

    def holds(self, position: TaskPosition) -> bool:
        """Return whether a task's own condition holds."""
        ...

    def import_artifact(self, position: TaskPosition, name: str) -> Artifact:
        """Return the artifact that an importer registers."""
        ...

    def claim_name(self, position: TaskPosition) -> str:
        """Return the name of the volume claim that a task makes."""
        ...


class Outputs:
    """The outputs of tasks in one run.

    Two arguments are the same in all methods. ``ancestor`` is a position at or above the one that
    is asked for, and is known to have run; the tasks between may not have run. ``keep`` says
    whether to store long collected lists; it is ``False`` where a loop may have failed.
    """

    def __init__(
        self,
        records: Records,
        tree: TaskTree,
        inputs: Inputs,
        phases: Phases,
        *,
        readers: int,
        keep_collected: bool,
    ) -> None:
        self._records = records
        self._tree = tree
        self._inputs = inputs
        self._phases = phases
        self._readers = readers
        self._keep_collected = keep_collected

    def parameter(
        self,
        position: TaskPosition,
        name: str,
        ancestor: TaskPosition,
        *,
        keep: bool = True,
    ) -> JsonValue | Unset:
        """Return an output parameter of a task, loop or iteration; ``UNSET`` if there is none."""
        if position.is_loop:
            return self._collected_parameters(position, name, ancestor, keep=keep)
        dag = position.component.dag
        if dag is not None:
            for source in self._sources(position, name, ancestor, artifacts=False):
                value = self.parameter(
                    self._tree.child(position, source.task), source.output, ancestor, keep=keep
                )
                if value is not UNSET:
                    return value
            return UNSET
        if is_claim(position.component):
            if name != NAME_OUTPUT or not self._ran(position, ancestor):
                return UNSET
            return self._inputs.claim_name(position)
        if position.importer is not None:
            return UNSET
        record = self._records.read_success(position.path)
        if record is None:
            return UNSET
        key = record.outputs.large.get(name)
        if key is not None:
            return self._records.load_large_values(Values(large={name: key})).parameters[name]
        return record.outputs.parameters.get(name, UNSET)

    def artifacts(
        self,
        position: TaskPosition,
        name: str,
        ancestor: TaskPosition,
        *,
        keep: bool = True,
    ) -> Artifacts | None:
        """Return an output artifact, or list of artifacts; ``None`` if there is none."""
        if position.is_loop:
            return self._collected_artifacts(position, name, ancestor, keep=keep)
        dag = position.component.dag
        if dag is not None:
            for source in self._sources(position, name, ancestor, artifacts=True):
                found = self.artifacts(
                    self._tree.child(position, source.task), source.output, ancestor, keep=keep
                )
                if found is not None:
                    return found
            return None
        if position.importer is not None:
            if not self._ran(position, ancestor):
                return None
            return (self._inputs.import_artifact(position, name),)
        record = self._records.read_success(position.path)
        return None if record is None else record.outputs.artifacts.get(name)

    def succeeded(self, position: TaskPosition) -> bool:
        """Return whether a task succeeded, given that the DAG around it ran.

        A task whose phase is not known has not failed.
        """
        if self._phases.failed(position.path):
            return False
        if _has_record(position):
            return self._records.read_success(position.path) is not None
        return self._ran_in_its_dag(position)

    def _sources(
        self, position: TaskPosition, name: str, ancestor: TaskPosition, *, artifacts: bool
    ) -> Iterator[TaskOutput]:
        """Yield the sources of a DAG's output, to the first that ran."""
        selectors = _selectors(position, name, artifacts=artifacts)
        if selectors is None:
            raise FinalTaskError(
                f"task '{position.path}' has no output '{name}'; "
                f"declare it in the outputs of component '{position.component.name}'",
                reason=Reason.INVALID_INPUT,
            )
        for number, selector in enumerate(selectors, start=1):
            yield selector
            # The caller asks for the next source only if this one has no output.
            if number < len(selectors):
                branch = self._tree.child(position, selector.task)
                if self._ran_without(branch, selector.output, ancestor, artifacts=artifacts):
                    return

    def _ran_without(
        self, branch: TaskPosition, name: str, ancestor: TaskPosition, *, artifacts: bool
    ) -> bool:
        """Return whether a branch ran although it has no such output."""
        leaf = branch
        while True:
            if _has_record(leaf):
                if self._records.read_success(leaf.path) is None:
                    # The leaf runs whenever the branch does, so its record settles most cases.
                    return False
                break
            selectors = _selectors(leaf, name, artifacts=artifacts) or ()
            if leaf.is_loop or len(selectors) != 1 or not _always_runs(leaf, selectors[0].task):
                break
            leaf, name = self._tree.child(leaf, selectors[0].task), selectors[0].output
        return self._ran(branch, ancestor)

    def _ran(self, position: TaskPosition, ancestor: TaskPosition) -> bool:
        """Return whether a position and all positions up to ``ancestor`` ran."""
        current: TaskPosition | None = position
        while current is not None and current.path != ancestor.path:
            if not self._ran_in_its_dag(current):
                return False
            current = current.parent
        return True

    def _ran_in_its_dag(self, position: TaskPosition) -> bool:
        """Return whether a task without a record ran, given that the DAG around it did."""
        task, parent = position.task, position.parent
        if task is None or parent is None:
            return True
        if not position.ignores_upstream_failure:
            for key in task.dependencies:
                if not self.succeeded(self._tree.child(parent, key)):
                    return False
        return task.condition is None or self._inputs.holds(position)

    def _collected_parameters(
        self, loop: TaskPosition, name: str, ancestor: TaskPosition, *, keep: bool
    ) -> JsonValue | Unset:
        if self._phases.failed(loop.path) or not self._ran(loop, ancestor):
            return UNSET
        count = self._inputs.count_items(loop)
        collected = self._read_collected(loop, f"parameter/{name}", count)
        if collected is not UNSET:
            return collected
        found: list[JsonValue] = []
        for position in self._iterations(loop, name, count, artifacts=False):
            value = self.parameter(position, name, position, keep=keep)
            if value is not UNSET:
                found.append(value)
        if keep:
            self._write_collected(loop, f"parameter/{name}", count, found)
        return found

    def _collected_artifacts(
        self, loop: TaskPosition, name: str, ancestor: TaskPosition, *, keep: bool
    ) -> Artifacts | None:
        if self._phases.failed(loop.path) or not self._ran(loop, ancestor):
            return None
        count = self._inputs.count_items(loop)
        collected = self._read_collected(loop, f"artifact/{name}", count)
        if isinstance(collected, Sequence):
            return tuple(
                from_members(Artifact, item) for item in collected if isinstance(item, Mapping)
            )
        found: list[Artifact] = []
        for position in self._iterations(loop, name, count, artifacts=True):
            found.extend(self.artifacts(position, name, position, keep=keep) or ())
        if keep:
            self._write_collected(
                loop, f"artifact/{name}", count, [to_members(item) for item in found]
            )
        return tuple(found)

    def _iterations(
        self, loop: TaskPosition, name: str, count: int, *, artifacts: bool
    ) -> Iterator[TaskPosition]:
        """Yield the iterations of a loop, reading records ahead in batches."""
        batch = _LARGEST_BATCH if self._readers > 1 else 1
        for start in range(0, count, batch):
            iterations = [
                self._tree.iteration(loop, index)
                for index in range(start, min(start + batch, count))
            ]
            if batch > 1:
                self._read_ahead(
                    [
                        path
                        for position in iterations
                        for path in self._leaves(position, name, artifacts=artifacts)
                    ]
                )
            yield from iterations

    def _leaves(self, position: TaskPosition, name: str, *, artifacts: bool) -> Iterator[TaskPath]:
        """Yield the container tasks that may provide an output, without those in inner loops."""
        if position.is_loop:
            return
        dag = position.component.dag
        if dag is None:
            if _has_record(position):
                yield position.path
            return
        for selector in _selectors(position, name, artifacts=artifacts) or ():
            child = self._tree.child(position, selector.task)
            yield from self._leaves(child, selector.output, artifacts=artifacts)

    def _read_ahead(self, paths: Sequence[TaskPath]) -> None:
        if len(paths) < 2:
            return
        for_each(self._records.read_success, paths, width=min(self._readers, len(paths)))

    def _read_collected(self, loop: TaskPosition, name: str, count: int) -> JsonValue | Unset:
        if count <= MANY_ITERATIONS:
            return UNSET
        return self._records.read_collected(loop.path, name)

    def _write_collected(
        self, loop: TaskPosition, name: str, count: int, value: list[JsonValue]
    ) -> None:
        if self._keep_collected and count > MANY_ITERATIONS:
            self._records.write_collected(loop.path, name, value)


def _selectors(
    position: TaskPosition, name: str, *, artifacts: bool
) -> tuple[TaskOutput, ...] | None:
    """Return the sources of a DAG's output; ``None`` if the DAG has no such output."""
    dag = position.component.dag
    if dag is None:
        return None
    outputs = dag.outputs.artifacts if artifacts else dag.outputs.parameters
    return outputs.get(name)


def _always_runs(parent: TaskPosition, key: str) -> bool:
    """Return whether a task runs whenever the DAG that holds it succeeds."""
    dag = parent.component.dag
    assert dag is not None
    task = dag.tasks[key]
    return task.condition is None and all(_always_runs(parent, each) for each in task.dependencies)


def _has_record(position: TaskPosition) -> bool:
    """Return whether the task runs in a pod that writes a success record."""
    return (
        position.container is not None and not position.is_loop and not is_claim(position.component)
    )
