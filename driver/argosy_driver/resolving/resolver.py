"""Inputs, outputs, conditions and item counts of tasks, found when they are asked for.

Nothing about a DAG is stored. What a task receives follows from the IR, the parameters of the run
and the success records of the containers that came before it; what a DAG, a loop or an importer
puts out follows from the same. So each value is looked for by name, from the task that needs it,
and a task costs as many reads as it has inputs (``ir-semantics`` 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from argosy_driver.resolving.claims import claim_name
from argosy_driver.resolving.final_status import OMITTED, SUCCEEDED, final_status
from argosy_driver.resolving.importers import imported_artifact
from argosy_driver.resolving.lazy_mapping import LazyMapping
from argosy_driver.resolving.outputs import Outputs, Records
from argosy_driver.resolving.phases import Phases
from argosy_driver.resolving.placeholders import Lookup, Segments, substitute_value
from argosy_driver.resolving.run import Run
from argosy_driver.resolving.run_texts import run_text
from argosy_driver.resolving.supplied import (
    check_artifact_missing,
    check_literals,
    coerced,
    items_of,
    not_put_out,
    without_value,
)
from argosy_driver.resolving.told import Told
from argosy_schemas.errors import ArgosyError, FinalTaskError, UnknownTaskError
from argosy_schemas.formats.records import Artifact, Reason, Values
from argosy_schemas.ir.from_json import parameter_input_from_json
from argosy_schemas.ir.model import (
    ComponentInput,
    Constant,
    FinalStatus,
    InputItems,
    ParameterInput,
    ParameterSpec,
    ParameterType,
    Pipeline,
    RawItems,
    RuntimeParameter,
    TaskOutput,
)
from argosy_schemas.ir.parameters import to_text
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import TaskPath
from argosy_schemas.values import UNSET, JsonValue, Unset

if TYPE_CHECKING:
    from argosy_driver.resolving.outcomes import Outcomes

_CACHED_INPUTS: Final = 512


@dataclass(slots=True)
class _ResolvedInputs:
    """The inputs of one DAG or loop that were resolved so far."""

    parameters: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    artifacts: dict[str, tuple[Artifact, ...]] = field(
        default_factory=dict[str, tuple[Artifact, ...]]
    )
    items: tuple[JsonValue, ...] | tuple[Artifact, ...] | None = None
    """Of a loop."""


def _new_inputs(_: TaskPath) -> _ResolvedInputs:
    return _ResolvedInputs()


class Resolver:
    """Resolves the tasks of one run. Safe to use from several threads.

    One may serve a whole run: it remembers the inputs of DAGs it came through lately, and never
    that something was absent.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        run: Run,
        records: Records,
        *,
        phases: Phases | None = None,
        readers: int = 1,
        keep_collected: bool = False,
    ) -> None:
        """Make a resolver.

        Args:
            pipeline: The pipeline of the run.
            run: The run.
            records: Of this run.
            phases: For tasks that run in any case, and what lies in them; ``None``: nobody told.
            readers: How many records to read at a time.
            keep_collected: Whether to keep long lists collected from loops, see
                :meth:`Records.write_collected`. Only where the loops are known to have ended well.
        """
        self.pipeline = pipeline
        self.run = run
        self.tree = TaskTree(pipeline)
        self.phases: Phases = Told() if phases is None else phases
        """How the tasks before ended."""
        self._records, self._readers = records, readers
        self._cached_inputs = lru_cache(maxsize=_CACHED_INPUTS)(_new_inputs)
        self._outputs = Outputs(
            records, self.tree, self, self.phases, readers=readers, keep_collected=keep_collected
        )

    # What callers ask, by path.

    def inputs(self, path: TaskPath) -> Values:
        """Return the inputs of a task, DAG, loop or iteration; of the run for the empty path.

        Defaults are in place. An optional input that was not supplied and has no default is
        ``None`` for a DAG, and absent for a container or importer.

        Raises:
            FinalTaskError: An input is missing, of the wrong type, or not among the literals.
        """
        node = self.tree.at(path)
        parameters: dict[str, JsonValue] = {}
        for name in node.parameter_names:
            value = self.parameter(node, name)
            if value is not UNSET:
                parameters[name] = value
        artifacts: dict[str, tuple[Artifact, ...]] = {}
        for name in node.artifact_names:
            found = self.artifacts(node, name)
            if found is not None:
                artifacts[name] = found
        return Values(parameters=parameters, artifacts=artifacts)

    def outputs(self, path: TaskPath) -> Values:
        """Return the outputs of anything that has ended; those that did not come to be are absent.

        Of a loop: what is collected over its iterations. Large parameters are in place.
        """
        node = self.tree.at(path)
        declared = node.component.outputs
        parameters: dict[str, JsonValue] = {}
        for name in declared.parameters:
            # The node ended; of what is in it, nothing is known to have run.
            value = self._outputs.parameter(node, name, node)
            if value is not UNSET:
                parameters[name] = value
        artifacts: dict[str, tuple[Artifact, ...]] = {}
        for name in declared.artifacts:
            found = self._outputs.artifacts(node, name, node)
            if found is not None:
                artifacts[name] = found
        return Values(parameters=parameters, artifacts=artifacts)

    def item_count(self, path: TaskPath) -> int:
        """Return how many iterations a loop has."""
        return self.count(self.tree.at(path))

    def condition(self, path: TaskPath) -> bool:
        """Return the outcome of a task's own condition; true when it has none.

        Raises:
            FinalTaskError: It cannot be evaluated.
        """
        return self.holds(self.tree.at(path))

    def undecided(self, path: TaskPath) -> str | None:
        """Return why it cannot be decided whether or how a task runs; ``None``: it can.

        It is what an expression of the engine failed on, in the words of the pipeline.
        """
        try:
            node = self.tree.at(path)
            if self.holds(node) and node.is_loop:
                self.count(node)
            self.inputs(path)
        except FinalTaskError as error:
            # What is broken inside is not the pipeline's.
            return None if error.reason is Reason.INTERNAL else str(error)
        except ArgosyError:
            return None
        return None

    # Input parameters.

    def parameter(
        self, node: TaskPosition, name: str, within: frozenset[str] = frozenset()
    ) -> JsonValue | Unset:
        """Return an input parameter; ``UNSET``: a container does not get it.

        Args:
            node: Whose input it is.
            name: The input.
            within: Inputs of the same task whose constants are being resolved; a constant that
                refers to itself is left as it is.
        """
        known = self._resolved(node).parameters
        value: JsonValue | Unset = known.get(name, UNSET)
        if value is UNSET:
            value = self._parameter(node, name, within)
            if value is not UNSET and not within:
                known[name] = value
        return value

    def _parameter(
        self, node: TaskPosition, name: str, within: frozenset[str]
    ) -> JsonValue | Unset:
        task = node.task
        spec = node.component.inputs.parameters.get(name)
        if task is None:
            given = self.run.parameters.get(name, UNSET)
            if (given is UNSET or given is None) and spec is not None:
                return without_value(given, spec, node, name)
            return given
        if spec is not None and spec.type is ParameterType.TASK_CONFIG:
            return UNSET
        if task.iterator is not None and not task.iterator.over_artifacts:
            if node.loop is not None and name == task.iterator.item_input:
                item = self._item(node)
                assert not isinstance(item, Artifact)
                if item is None and spec is not None:
                    return without_value(None, spec, node, name)
                return item if spec is None else coerced(item, spec, node, name)
            if node.is_loop and name == task.iterator.item_input:
                items = self._items(node)
                return [item for item in items if not isinstance(item, Artifact)]
        if node.loop is not None:
            return self.parameter(node.loop, name, within)
        source = task.parameters.get(name)
        value = UNSET if source is None else self._supplied(node, name, source, spec, within)
        if (value is UNSET or value is None) and spec is not None:
            is_constant = source is not None and isinstance(source.source, Constant)
            return without_value(value, spec, node, name, is_constant=is_constant)
        return value

    def _supplied(
        self,
        node: TaskPosition,
        name: str,
        source: ParameterInput,
        spec: ParameterSpec | None,
        within: frozenset[str],
    ) -> JsonValue | Unset:
        """Return what a task passes to its component, checked and of the declared type."""
        value = self._source(node, name, source, within)
        if value is UNSET or (value is None and source.selector is None):
            return value
        if spec is not None and value is not None:
            check_literals(value, spec, node, name)
        if source.selector is not None:
            # Most tasks have neither selector nor condition, and start sooner without CEL.
            from argosy_driver.resolving.conditions import selected

            value = selected(source.selector, value, what=f"task '{node.path}': input '{name}'")
            if value is None:
                return None
        return value if spec is None else coerced(value, spec, node, name)

    def _source(
        self, node: TaskPosition, name: str, given: ParameterInput, within: frozenset[str]
    ) -> JsonValue | Unset:
        frame = node.parent
        assert frame is not None, name
        match given.source:
            case Constant(value):
                return substitute_value(value, self.lookup(node, within | {name}))
            case RuntimeParameter(parameter):
                return self.parameter(self.tree.root, parameter)
            case ComponentInput(parameter):
                return self.parameter(frame, parameter)
            case FinalStatus(task):
                return self._final_status(node, frame, task)
            case TaskOutput(task, output):
                before = self.tree.child(frame, task)
                if node.ignores_upstream_failure:
                    if self.phases.of(before.path) not in (None, SUCCEEDED):
                        return UNSET
                    return self._outputs.parameter(before, output, frame, keep=False)
                found = self._outputs.parameter(before, output)
                if found is UNSET:
                    raise not_put_out(node, name, given.source)
                return found

    def setting(
        self, node: TaskPosition, source: Mapping[str, JsonValue], what: str
    ) -> JsonValue | Unset:
        """Return the value of a Kubernetes setting, an ``InputParameterSpec`` as JSON.

        Its names are those of the DAG that holds the task (``ir-semantics`` 6.1).
        """
        return self._supplied(node, what, parameter_input_from_json(source), None, frozenset())

    def lookup(self, node: TaskPosition, within: frozenset[str] = frozenset()) -> Lookup:
        """Return what placeholders stand for in texts that the IR has for a task."""
        of_run = self.run_text(node)

        def text(segments: Segments) -> str | None:
            if segments[:2] == ("inputs", "parameters") and len(segments) == 3:
                name = segments[2]
                return None if name in within else self._parameter_text(node, name, within)
            return of_run(segments)

        return text

    def run_text(self, node: TaskPosition) -> Lookup:
        """Return what placeholders stand for that tell names, ids, times and roots."""
        key = "" if node.task is None else node.task.key
        return lambda segments: run_text(self.run, key, node.path, segments)

    def _parameter_text(self, node: TaskPosition, name: str, within: frozenset[str]) -> str | None:
        value = self.parameter(node, name, within)
        if value is UNSET:
            # Declared, optional and not supplied: nothing. Not declared: unknown.
            return "" if name in node.component.inputs.parameters else None
        return to_text(value)

    # What came before.

    def _final_status(self, node: TaskPosition, frame: TaskPosition, task: str) -> JsonValue:
        phase = self._phase_of_any(frame, task)
        status = None
        if phase is not None:
            before = self.tree.child(frame, task)
            status = final_status(
                task,
                phase,
                job=self.run.name,
                why_failed=lambda: self._outcomes.error(before),
            )
        if status is None:
            raise FinalTaskError(
                f"task '{node.path}': the status of task '{task}' is "
                f"{'not known' if phase is None else repr(phase)}; compile the pipeline again",
                reason=Reason.INTERNAL,
            )
        return status

    def _phase_of_any(self, frame: TaskPosition, task: str) -> str | None:
        """Return the phase of a task, also of one without a node; ``None``: it is not known."""
        before = self.tree.child(frame, task)
        phase = self.phases.of(before.path)
        if phase is None and before.importer is not None and before.task is not None:
            # It has no node, and ran if all ran that it follows, or in any case.
            follows = (self._phase_of_any(frame, key) for key in before.task.dependencies)
            came = before.ignores_upstream_failure or all(each == SUCCEEDED for each in follows)
            came = came and self._outputs.succeeded(before)
            return SUCCEEDED if came else OMITTED
        if phase is None and self.phases.at_exit is not None:
            return self._outcomes.phase(before) or self.phases.at_exit
        if phase is None and self._outputs.succeeded(before):
            return SUCCEEDED
        return phase

    @cached_property
    def _outcomes(self) -> Outcomes:
        # Few tasks ask for it.
        from argosy_driver.resolving.outcomes import Outcomes

        return Outcomes(self._records, self.tree, self, readers=self._readers)

    # Input artifacts.

    def artifacts(self, node: TaskPosition, name: str) -> tuple[Artifact, ...] | None:
        """Return an input artifact or list of them; ``None``: a task does not get it."""
        known = self._resolved(node).artifacts
        found = known.get(name)
        if found is None:
            found = self._artifacts(node, name)
            if found is not None:
                known[name] = found
        return found

    def _artifacts(self, node: TaskPosition, name: str) -> tuple[Artifact, ...] | None:
        task = node.task
        if task is None:
            return self.run.artifacts.get(name)
        if task.iterator is not None and task.iterator.over_artifacts:
            if node.loop is not None and name == task.iterator.item_input:
                item = self._item(node)
                assert isinstance(item, Artifact)
                return (item,)
            if node.is_loop and name == task.iterator.item_input:
                return tuple(item for item in self._items(node) if isinstance(item, Artifact))
        if node.loop is not None:
            return self.artifacts(node.loop, name)
        source = task.artifacts.get(name)
        spec = node.component.inputs.artifacts.get(name)
        frame = node.parent
        assert frame is not None, name
        found: tuple[Artifact, ...] | None = None
        if isinstance(source, ComponentInput):
            found = self.artifacts(frame, source.name)
        elif source is not None:
            before = self.tree.child(frame, source.task)
            if not node.ignores_upstream_failure:
                found = self._outputs.artifacts(before, source.output)
                if found is None:
                    raise not_put_out(node, name, source)
            elif self.phases.of(before.path) in (None, SUCCEEDED):
                found = self._outputs.artifacts(before, source.output, frame, keep=False)
        if found is None:
            check_artifact_missing(spec, node, name)
        return found

    # Loops.

    def count(self, head: TaskPosition) -> int:
        """Return how many iterations a loop has."""
        return len(self._items(head))

    def _item(self, node: TaskPosition) -> JsonValue | Artifact:
        head, index = node.loop, node.index
        assert head is not None
        assert index is not None
        items = self._items(head)
        if index >= len(items):
            raise UnknownTaskError(
                f"loop '{head.path}' has {len(items)} items, none for '{node.path}'"
            )
        return items[index]

    def _items(self, head: TaskPosition) -> tuple[JsonValue, ...] | tuple[Artifact, ...]:
        known = self._resolved(head)
        if known.items is None:
            known.items = self._resolved_items(head)
        return known.items

    def _resolved_items(self, head: TaskPosition) -> tuple[JsonValue, ...] | tuple[Artifact, ...]:
        iterator = None if head.task is None else head.task.iterator
        if iterator is None:
            raise UnknownTaskError(f"task '{head.path}' is no loop")
        match iterator.items:
            case RawItems(items=raw):
                lookup = self.lookup(head)
                return tuple(substitute_value(item, lookup) for item in raw)
            case InputItems(name=name):
                if iterator.over_artifacts:
                    return self.artifacts(head, name) or ()
                return items_of(self.parameter(head, name), head, name)

    def _resolved(self, node: TaskPosition) -> _ResolvedInputs:
        """Return the inputs of a task resolved so far; those of a leaf are not kept.

        The inputs of a DAG or loop are asked for by all tasks in it, those of a leaf by itself.
        """
        is_asked_again = node.has_dag or node.is_loop
        return self._cached_inputs(node.path) if is_asked_again else _ResolvedInputs()

    # Conditions.

    def holds(self, node: TaskPosition) -> bool:
        """Return the outcome of a task's own condition; true when it has none."""
        condition = None if node.task is None else node.task.condition
        if condition is None:
            return True
        from argosy_driver.resolving.conditions import condition_holds  # see above

        return condition_holds(
            condition,
            parameters=LazyMapping(node.parameter_names, lambda name: self.parameter(node, name)),
            artifacts=LazyMapping(node.artifact_names, lambda name: self._told(node, name)),
            what=f"task '{node.path}': condition",
        )

    def _told(self, node: TaskPosition, name: str) -> list[Mapping[str, JsonValue]] | Unset:
        """Return what a condition is told of an input artifact."""
        from argosy_driver.resolving.conditions import told_of  # see above

        found = self.artifacts(node, name)
        return UNSET if found is None else [told_of(artifact) for artifact in found]

    # Tasks without a pod.

    def imported(self, node: TaskPosition, name: str) -> Artifact:
        """Return the artifact of an importer."""
        assert node.importer is not None
        return imported_artifact(
            node.importer,
            name=name,
            task_path=node.path,
            parameter=lambda parameter: self.parameter(node, parameter),
            lookup=self.lookup(node),
        )

    def claim(self, node: TaskPosition) -> str:
        """Return the name of a volume claim."""
        given: list[JsonValue] = []
        for name in ("pvc_name", "pvc_name_suffix"):
            known = name in node.parameter_names
            value = self.parameter(node, name) if known else None
            given.append(None if value is UNSET else value)
        return claim_name(self.run.name, node.path, pvc_name=given[0], pvc_name_suffix=given[1])
