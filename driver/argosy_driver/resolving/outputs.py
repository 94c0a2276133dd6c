"""What tasks, DAGs, loops and importers put out, found by descending from whoever asks.

A container's outputs are in its success record. A DAG's are those of its tasks, a loop's those of
its iterations, one list level per loop for parameters, one flat list for artifacts. Iterations that
were skipped contribute nothing (``ir-semantics`` 3.3, 3.4).

Where there is a choice, the success record says whether a branch ran. Importers, volume claims and
loops have none. Whether they ran follows from the conditions above them, up to the DAG in which the
choice is made: whoever asks knows that this one ran.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from argosy_driver.resolving.claims import NAME_OUTPUT, is_claim
from argosy_driver.resolving.phases import Phases
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Artifact, AttemptRecord, Reason, Traces, Values
from argosy_schemas.formats.records_json import artifact_from_json, artifact_to_json
from argosy_schemas.ir.model import TaskOutput
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import AttemptId, TaskPath
from argosy_schemas.values import UNSET, JsonValue, Unset
from argosy_store.parallel import for_each

MANY_ITERATIONS = 100
"""Above it, a collected list is kept in the store for the next one who asks."""

_LARGEST_BATCH = 32

Artifacts: TypeAlias = "tuple[Artifact, ...]"


class Records(Protocol):
    """What is asked of :class:`argosy_store.run_records.RunRecords`."""

    def read_success(self, path: TaskPath) -> AttemptRecord | None:
        """Return the success record of a task."""
        ...

    def read_attempt(self, path: TaskPath, attempt_id: AttemptId) -> AttemptRecord | None:
        """Return the record of an attempt."""
        ...

    def traces(self, path: TaskPath) -> Traces:
        """Return which tasks at a path and below it have left records."""
        ...

    def with_values(self, values: Values) -> Values:
        """Return ``values`` with its large parameters read and in place."""
        ...

    def read_collected(self, path: TaskPath, name: str) -> JsonValue | Unset:
        """Return the list kept for a loop under this name, or ``UNSET``."""
        ...

    def write_collected(self, path: TaskPath, name: str, value: JsonValue) -> None:
        """Keep a list for a loop."""
        ...


class Inputs(Protocol):
    """What outputs follow from besides records."""

    def count(self, head: TaskPosition) -> int:
        """Return how many iterations a loop has."""
        ...

    def holds(self, node: TaskPosition) -> bool:
        """Return the outcome of a task's own condition."""
        ...

    def imported(self, node: TaskPosition, name: str) -> Artifact:
        """Return the artifact of an importer."""
        ...

    def claim(self, node: TaskPosition) -> str:
        """Return the name of a volume claim."""
        ...


class Outputs:
    """Finds outputs of one run.

    In all methods, ``floor`` is the node in whose DAG there is a choice, known to have run; none:
    all on the way is known to have run. ``keep`` is whether long lists may be kept, see
    :meth:`Records.write_collected`: not where a loop may have failed.
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
        self, node: TaskPosition, name: str, floor: TaskPosition | None = None, *, keep: bool = True
    ) -> JsonValue | Unset:
        """Return an output parameter of a task, loop or iteration; ``UNSET``: it has not come."""
        if node.is_loop:
            return self._collected_parameters(node, name, floor, keep=keep)
        dag = node.component.dag
        if dag is not None:
            for selected, below in self._selected(node, name, floor, artifacts=False):
                value = self.parameter(
                    self._tree.child(node, selected.task), selected.output, below, keep=keep
                )
                if value is not UNSET:
                    return value
            return UNSET
        if is_claim(node.component):
            if name != NAME_OUTPUT or not self._ran(node, floor):
                return UNSET
            return self._inputs.claim(node)
        if node.importer is not None:
            return UNSET
        record = self._records.read_success(node.path)
        if record is None:
            return UNSET
        key = record.outputs.large.get(name)
        if key is not None:
            return self._records.with_values(Values(large={name: key})).parameters[name]
        return record.outputs.parameters.get(name, UNSET)

    def artifacts(
        self, node: TaskPosition, name: str, floor: TaskPosition | None = None, *, keep: bool = True
    ) -> Artifacts | None:
        """Return an output artifact, or list of them; ``None``: it has not come to be."""
        if node.is_loop:
            return self._collected_artifacts(node, name, floor, keep=keep)
        dag = node.component.dag
        if dag is not None:
            for selected, below in self._selected(node, name, floor, artifacts=True):
                found = self.artifacts(
                    self._tree.child(node, selected.task), selected.output, below, keep=keep
                )
                if found is not None:
                    return found
            return None
        if node.importer is not None:
            if not self._ran(node, floor):
                return None
            return (self._inputs.imported(node, name),)
        record = self._records.read_success(node.path)
        return None if record is None else record.outputs.artifacts.get(name)

    def succeeded(self, node: TaskPosition) -> bool:
        """Return whether a task ran to its end, given that the DAG around it ran.

        Where nobody told of its phase, nothing failed.
        """
        if self._phases.failed(node.path):
            return False
        if _has_record(node):
            return self._records.read_success(node.path) is not None
        return self._ran_in_its_dag(node)

    def _selected(
        self, node: TaskPosition, name: str, floor: TaskPosition | None, *, artifacts: bool
    ) -> Iterator[tuple[TaskOutput, TaskPosition | None]]:
        """Yield where an output of a DAG may come from, until the first branch that ran."""
        selectors = _selectors(node, name, artifacts=artifacts)
        if selectors is None:
            raise FinalTaskError(
                f"task '{node.path}' has no output '{name}'; "
                f"declare it in the outputs of component '{node.component.name}'",
                reason=Reason.INVALID_INPUT,
            )
        if floor is None and len(selectors) > 1:
            floor = node
        for number, selector in enumerate(selectors, start=1):
            yield selector, floor
            # Whoever comes back for the next one has found nothing there.
            if number < len(selectors):
                branch = self._tree.child(node, selector.task)
                if self._ran_without(branch, selector.output, floor, artifacts=artifacts):
                    return

    def _ran_without(
        self, branch: TaskPosition, name: str, floor: TaskPosition | None, *, artifacts: bool
    ) -> bool:
        """Return whether a branch that has no such output ran all the same."""
        leaf = branch
        while True:
            if _has_record(leaf):
                if self._records.read_success(leaf.path) is None:
                    # It runs whenever the branch does: most branches are told by their records.
                    return False
                break
            selectors = _selectors(leaf, name, artifacts=artifacts) or ()
            if leaf.is_loop or len(selectors) != 1 or not _always_runs(leaf, selectors[0].task):
                break
            leaf, name = self._tree.child(leaf, selectors[0].task), selectors[0].output
        return self._ran(branch, floor)

    def _ran(self, node: TaskPosition, floor: TaskPosition | None) -> bool:
        """Return whether a node and all between it and ``floor`` ran."""
        if floor is None:
            return True
        each: TaskPosition | None = node
        while each is not None and each is not floor and each.path != floor.path:
            if not self._ran_in_its_dag(each):
                return False
            each = each.parent
        return True

    def _ran_in_its_dag(self, node: TaskPosition) -> bool:
        """Return whether a task without a record ran, given that the DAG around it did."""
        task, frame = node.task, node.parent
        if task is None or frame is None:
            return True
        if not node.ignores_upstream_failure:
            for key in task.dependencies:
                if not self.succeeded(self._tree.child(frame, key)):
                    return False
        return task.condition is None or self._inputs.holds(node)

    def _collected_parameters(
        self, head: TaskPosition, name: str, floor: TaskPosition | None, *, keep: bool
    ) -> JsonValue | Unset:
        if self._phases.failed(head.path) or not self._ran(head, floor):
            return UNSET
        count = self._inputs.count(head)
        kept = self._kept(head, f"parameter/{name}", count)
        if kept is not UNSET:
            return kept
        found: list[JsonValue] = []
        for node in self._iterations(head, name, count, artifacts=False):
            value = self.parameter(node, name, node, keep=keep)
            if value is not UNSET:
                found.append(value)
        if keep:
            self._keep(head, f"parameter/{name}", count, found)
        return found

    def _collected_artifacts(
        self, head: TaskPosition, name: str, floor: TaskPosition | None, *, keep: bool
    ) -> Artifacts | None:
        if self._phases.failed(head.path) or not self._ran(head, floor):
            return None
        count = self._inputs.count(head)
        kept = self._kept(head, f"artifact/{name}", count)
        if isinstance(kept, Sequence):
            return tuple(artifact_from_json(item) for item in kept if isinstance(item, Mapping))
        found: list[Artifact] = []
        for node in self._iterations(head, name, count, artifacts=True):
            found.extend(self.artifacts(node, name, node, keep=keep) or ())
        if keep:
            self._keep(head, f"artifact/{name}", count, [artifact_to_json(item) for item in found])
        return tuple(found)

    def _iterations(
        self, head: TaskPosition, name: str, count: int, *, artifacts: bool
    ) -> Iterator[TaskPosition]:
        """Yield the iterations of a loop, the records of a batch of them read ahead."""
        batch = _LARGEST_BATCH if self._readers > 1 else 1
        for start in range(0, count, batch):
            nodes = [
                self._tree.iteration(head, index)
                for index in range(start, min(start + batch, count))
            ]
            if batch > 1:
                self._read_ahead(
                    [
                        path
                        for node in nodes
                        for path in self._leaves(node, name, artifacts=artifacts)
                    ]
                )
            yield from nodes

    def _leaves(self, node: TaskPosition, name: str, *, artifacts: bool) -> Iterator[TaskPath]:
        """Yield the container tasks that an output may come from, short of further loops."""
        if node.is_loop:
            return
        dag = node.component.dag
        if dag is None:
            if _has_record(node):
                yield node.path
            return
        for selector in _selectors(node, name, artifacts=artifacts) or ():
            child = self._tree.child(node, selector.task)
            yield from self._leaves(child, selector.output, artifacts=artifacts)

    def _read_ahead(self, paths: Sequence[TaskPath]) -> None:
        if len(paths) < 2:
            return
        for_each(self._records.read_success, paths, width=min(self._readers, len(paths)))

    def _kept(self, head: TaskPosition, name: str, count: int) -> JsonValue | Unset:
        if count <= MANY_ITERATIONS:
            return UNSET
        return self._records.read_collected(head.path, name)

    def _keep(self, head: TaskPosition, name: str, count: int, value: list[JsonValue]) -> None:
        if self._keep_collected and count > MANY_ITERATIONS:
            self._records.write_collected(head.path, name, value)


def _selectors(node: TaskPosition, name: str, *, artifacts: bool) -> tuple[TaskOutput, ...] | None:
    """Return where an output of a DAG comes from; ``None``: it has no such output."""
    dag = node.component.dag
    if dag is None:
        return None
    outputs = dag.outputs.artifacts if artifacts else dag.outputs.parameters
    return outputs.get(name)


def _always_runs(frame: TaskPosition, key: str) -> bool:
    """Return whether a task runs whenever the DAG that holds it succeeds."""
    dag = frame.component.dag
    assert dag is not None
    task = dag.tasks[key]
    return task.condition is None and all(_always_runs(frame, each) for each in task.dependencies)


def _has_record(node: TaskPosition) -> bool:
    """Return whether a pod of ours runs for the node itself."""
    return node.container is not None and not node.is_loop and not is_claim(node.component)
