"""Resolve inputs, outputs, conditions and item counts of tasks, each on demand.

Nothing about a DAG is stored. The inputs of a task follow from the IR, the parameters of the run
and the success records of upstream containers, and so do the outputs of DAGs, loops and importers.
The resolver computes each value by name, starting at the task that needs it, so a task costs as
many reads as it has inputs (``ir-semantics`` 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from argosy_driver.resolving.claims import make_claim_name
from argosy_driver.resolving.importers import make_imported_artifact
from argosy_driver.resolving.input_values import (
    check_literals,
    check_missing_artifact,
    coerce_value,
    make_missing_output_error,
    parse_items,
    resolve_missing_value,
)
from argosy_driver.resolving.lazy_mapping import LazyMapping
from argosy_driver.resolving.outputs import Outputs, Records
from argosy_driver.resolving.phases import SUCCEEDED, Phases
from argosy_driver.resolving.placeholders import Lookup, Segments, substitute_value
from argosy_driver.resolving.run_context import RunContext
from argosy_driver.resolving.run_placeholders import look_up_run_placeholder
from argosy_driver.resolving.upstream_statuses import UpstreamStatuses
from argosy_schemas.errors import ArgosyError, FinalTaskError, UnknownTaskError
from argosy_schemas.formats.records import Artifact, Reason, Values
from argosy_schemas.ir.model import (
    ComponentInput,
    Constant,
    FinalStatus,
    InputItems,
    ParameterInput,
    ParameterSource,
    ParameterSpec,
    ParameterType,
    Pipeline,
    RawItems,
    RuntimeParameter,
    TaskOutput,
)
from argosy_schemas.ir.parameters import coerce, to_text
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import TaskPath
from argosy_schemas.values import UNSET, JsonValue, Unset

if TYPE_CHECKING:
    from argosy_driver.resolving.final_status_inputs import FinalStatusInputs

_CACHED_INPUTS: Final = 512


@dataclass(slots=True)
class _ResolvedInputs:
    """The inputs of one DAG or loop, as far as they were resolved."""

    parameters: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    artifacts: dict[str, tuple[Artifact, ...]] = field(
        default_factory=dict[str, tuple[Artifact, ...]]
    )
    items: tuple[JsonValue, ...] | tuple[Artifact, ...] | None = None
    """For a loop, its items."""


def _new_inputs(_: TaskPath) -> _ResolvedInputs:
    return _ResolvedInputs()


class Resolver:
    """Resolves values of the tasks in one run. Safe to use from several threads.

    One resolver may serve a whole run. It keeps the inputs of DAGs and loops in an LRU cache, and
    never keeps that a value is absent.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        run: RunContext,
        records: Records,
        *,
        phases: Phases | None = None,
        readers: int = 1,
        keep_collected: bool = False,
    ) -> None:
        """Make a resolver.

        Args:
            pipeline: The pipeline of the run.
            run: The context of the run.
            records: The records of the run.
            phases: The phases of tasks that ended. Only tasks that ignore upstream failure, and
                tasks in such DAGs, need them; by default none is known.
            readers: The number of threads that read records.
            keep_collected: Whether to store long lists that were collected from loops, see
                :meth:`Records.write_collected`; only where all these loops succeeded.
        """
        self.pipeline = pipeline
        self.run = run
        self.tree = TaskTree(pipeline)
        self.phases: Phases = UpstreamStatuses() if phases is None else phases
        """The phases of tasks that ended."""
        self._records, self._readers = records, readers
        self._cached_inputs = lru_cache(maxsize=_CACHED_INPUTS)(_new_inputs)
        self._outputs = Outputs(
            records, self.tree, self, self.phases, readers=readers, keep_collected=keep_collected
        )

    # By path.

    def inputs(self, path: TaskPath) -> Values:
        """Return the inputs of a task, DAG, loop or iteration; for the empty path, of the run.

        Defaults are applied. An optional input with neither value nor default is ``None`` for a
        DAG, and absent for a container or importer.

        Raises:
            FinalTaskError: An input is missing, of the wrong type, or not among the literals.
        """
        position = self.tree.at(path)
        parameters: dict[str, JsonValue] = {}
        for name in position.parameter_names:
            value = self.parameter(position, name)
            if value is not UNSET:
                parameters[name] = value
        artifacts: dict[str, tuple[Artifact, ...]] = {}
        for name in position.artifact_names:
            found = self.artifacts(position, name)
            if found is not None:
                artifacts[name] = found
        return Values(parameters=parameters, artifacts=artifacts)

    def outputs(self, path: TaskPath) -> Values:
        """Return the outputs of a task, DAG, loop or iteration that ended; missing ones are absent.

        The outputs of a loop are collected over its iterations. Large parameters are in place.
        """
        position = self.tree.at(path)
        declared = position.component.outputs
        parameters: dict[str, JsonValue] = {}
        for name in declared.parameters:
            # The position itself ran; the tasks in it may not have run.
            value = self._outputs.parameter(position, name, position)
            if value is not UNSET:
                parameters[name] = value
        artifacts: dict[str, tuple[Artifact, ...]] = {}
        for name in declared.artifacts:
            found = self._outputs.artifacts(position, name, position)
            if found is not None:
                artifacts[name] = found
        return Values(parameters=parameters, artifacts=artifacts)

    def why_undecided(self, path: TaskPath) -> str | None:
        """Return why nobody can decide whether or how often a task runs; ``None`` if one can.

        This explains, in terms of the pipeline, why an expression in the workflow failed.
        """
        try:
            position = self.tree.at(path)
            if self.holds(position) and position.is_loop:
                self.count_items(position)
            self.inputs(path)
        except FinalTaskError as error:
            # An internal error is not a property of the pipeline.
            return None if error.reason is Reason.INTERNAL else str(error)
        except ArgosyError:
            return None
        return None

    # Input parameters.

    def parameter(
        self, position: TaskPosition, name: str, resolving: frozenset[str] = frozenset()
    ) -> JsonValue | Unset:
        """Return an input parameter; ``UNSET`` if the component does not receive it.

        Args:
            position: The task.
            name: The name of the input.
            resolving: Inputs of the same task whose constants are being resolved. A placeholder for
                one of them stays as it is, so that a constant may mention itself.
        """
        value = self._kept_parameter(position, name, resolving)
        spec = position.component.inputs.parameters.get(name)
        is_text = spec is not None and spec.type is ParameterType.STRING and position.has_dag
        if value is UNSET or not is_text or _holds_all_items(position, name):
            return value
        return coerce(value, ParameterType.STRING)

    def _kept_parameter(
        self, position: TaskPosition, name: str, resolving: frozenset[str] = frozenset()
    ) -> JsonValue | Unset:
        """Return an input parameter; for a STRING of a DAG the JSON value that was passed."""
        known = self._resolved(position).parameters
        value: JsonValue | Unset = known.get(name, UNSET)
        if value is UNSET:
            value = self._parameter(position, name, resolving)
            if value is not UNSET and not resolving:
                known[name] = value
        return value

    def _parameter(
        self, position: TaskPosition, name: str, resolving: frozenset[str]
    ) -> JsonValue | Unset:
        task = position.task
        spec = position.component.inputs.parameters.get(name)
        if task is None:
            value = self.run.parameters.get(name, UNSET)
            if (value is UNSET or value is None) and spec is not None:
                return resolve_missing_value(value, spec, position, name)
            return value
        if spec is not None and spec.type is ParameterType.TASK_CONFIG:
            return UNSET
        if task.iterator is not None and not task.iterator.over_artifacts:
            if position.loop is not None and name == task.iterator.item_input:
                item = self.item(position)
                assert not isinstance(item, Artifact)
                if item is None and spec is not None:
                    return resolve_missing_value(None, spec, position, name)
                return item if spec is None else coerce_value(item, spec, position, name)
            if _holds_all_items(position, name):
                items = self._items(position)
                return [item for item in items if not isinstance(item, Artifact)]
        if position.loop is not None:
            return self._kept_parameter(position.loop, name, resolving)
        source = task.parameters.get(name)
        value = (
            UNSET if source is None else self._passed_value(position, name, source, spec, resolving)
        )
        if (value is UNSET or value is None) and spec is not None:
            is_constant = source is not None and isinstance(source.source, Constant)
            return resolve_missing_value(value, spec, position, name, is_constant=is_constant)
        return value

    def _passed_value(
        self,
        position: TaskPosition,
        name: str,
        source: ParameterInput,
        spec: ParameterSpec | None,
        resolving: frozenset[str],
    ) -> JsonValue | Unset:
        """Return the value that a task passes to its component, checked and converted."""
        value = self._source_value(position, name, source, spec, resolving)
        if value is UNSET or (value is None and source.selector is None):
            return value
        if spec is not None and value is not None:
            check_literals(value, spec, position, name)
        if source.selector is not None:
            # Imported here, because most tasks need no CEL and start sooner without it.
            from argosy_driver.resolving.conditions import select_value

            value = select_value(
                source.selector, value, what=f"task '{position.path}': input '{name}'"
            )
            if value is None:
                return None
        return value if spec is None else coerce_value(value, spec, position, name)

    def _source_value(
        self,
        position: TaskPosition,
        name: str,
        source: ParameterInput,
        spec: ParameterSpec | None,
        resolving: frozenset[str],
    ) -> JsonValue | Unset:
        parent = position.parent
        assert parent is not None, name
        match source.source:
            case Constant(value):
                return substitute_value(value, self.lookup(position, resolving | {name}))
            case RuntimeParameter(parameter):
                return self.parameter(self.tree.root, parameter)
            case ComponentInput(parameter):
                if spec is None or source.selector is not None:
                    return self.parameter(parent, parameter)
                return self._kept_parameter(parent, parameter)
            case FinalStatus(task):
                return self._final_status_inputs.value(position, parent, task)
            case TaskOutput(task, output):
                upstream = self.tree.child(parent, task)
                if position.ignores_upstream_failure:
                    if self.phases.of(upstream.path) not in (None, SUCCEEDED):
                        return UNSET
                    return self._outputs.parameter(upstream, output, parent, keep=False)
                found = self._outputs.parameter(upstream, output, upstream)
                if found is UNSET:
                    raise make_missing_output_error(position, name, source.source)
                return found

    def setting(
        self, position: TaskPosition, source: ParameterSource, what: str
    ) -> JsonValue | Unset:
        """Return the value that a Kubernetes setting takes.

        Its names are those of the DAG that holds the task (``ir-semantics`` 6.1).
        """
        return self._passed_value(position, what, ParameterInput(source=source), None, frozenset())

    def lookup(self, position: TaskPosition, resolving: frozenset[str] = frozenset()) -> Lookup:
        """Return the lookup for placeholders in the texts of a task in the IR."""
        look_up_run = self.run_lookup(position)

        def text(segments: Segments) -> str | None:
            if segments[:2] == ("inputs", "parameters") and len(segments) == 3:
                name = segments[2]
                return (
                    None if name in resolving else self._parameter_text(position, name, resolving)
                )
            return look_up_run(segments)

        return text

    def run_lookup(self, position: TaskPosition) -> Lookup:
        """Return the lookup for placeholders of the run: names, ids, times and roots."""
        key = "" if position.task is None else position.task.key
        return lambda segments: look_up_run_placeholder(self.run, key, position.path, segments)

    def _parameter_text(
        self, position: TaskPosition, name: str, resolving: frozenset[str]
    ) -> str | None:
        value = self.parameter(position, name, resolving)
        if value is UNSET:
            # A declared input without a value is empty, an undeclared one unknown.
            return "" if name in position.component.inputs.parameters else None
        return to_text(value)

    @cached_property
    def _final_status_inputs(self) -> FinalStatusInputs:
        # Imported here, because few tasks receive a final status.
        from argosy_driver.resolving.final_status_inputs import FinalStatusInputs

        return FinalStatusInputs(
            self.run, self.tree, self._records, self._outputs, self.phases, self, self._readers
        )

    # Input artifacts.

    def artifacts(self, position: TaskPosition, name: str) -> tuple[Artifact, ...] | None:
        """Return an input artifact or list of artifacts; ``None`` if there is none."""
        known = self._resolved(position).artifacts
        found = known.get(name)
        if found is None:
            found = self._artifacts(position, name)
            if found is not None:
                known[name] = found
        return found

    def _artifacts(self, position: TaskPosition, name: str) -> tuple[Artifact, ...] | None:
        task = position.task
        if task is None:
            return self.run.artifacts.get(name)
        if task.iterator is not None and task.iterator.over_artifacts:
            if position.loop is not None and name == task.iterator.item_input:
                item = self.item(position)
                assert isinstance(item, Artifact)
                return (item,)
            if position.is_loop and name == task.iterator.item_input:
                return tuple(item for item in self._items(position) if isinstance(item, Artifact))
        if position.loop is not None:
            return self.artifacts(position.loop, name)
        source = task.artifacts.get(name)
        spec = position.component.inputs.artifacts.get(name)
        parent = position.parent
        assert parent is not None, name
        found: tuple[Artifact, ...] | None = None
        if isinstance(source, ComponentInput):
            found = self.artifacts(parent, source.name)
        elif source is not None:
            upstream = self.tree.child(parent, source.task)
            if not position.ignores_upstream_failure:
                found = self._outputs.artifacts(upstream, source.output, upstream)
                if found is None:
                    raise make_missing_output_error(position, name, source)
            elif self.phases.of(upstream.path) in (None, SUCCEEDED):
                found = self._outputs.artifacts(upstream, source.output, parent, keep=False)
        if found is None:
            check_missing_artifact(spec, position, name)
        return found

    # Loops.

    def count_items(self, loop: TaskPosition) -> int:
        """Return the number of iterations of a loop."""
        return len(self._items(loop))

    def item(self, position: TaskPosition) -> JsonValue | Artifact:
        """Return the item of an iteration.

        Raises:
            FinalTaskError: The items cannot be resolved, or the loop has no such iteration.
        """
        loop, index = position.loop, position.index
        assert loop is not None
        assert index is not None
        items = self._items(loop)
        if index >= len(items):
            raise UnknownTaskError(
                f"loop '{loop.path}' has {len(items)} items, none for '{position.path}'"
            )
        return items[index]

    def _items(self, loop: TaskPosition) -> tuple[JsonValue, ...] | tuple[Artifact, ...]:
        known = self._resolved(loop)
        if known.items is None:
            known.items = self._resolved_items(loop)
        return known.items

    def _resolved_items(self, loop: TaskPosition) -> tuple[JsonValue, ...] | tuple[Artifact, ...]:
        iterator = None if loop.task is None else loop.task.iterator
        if iterator is None:
            raise UnknownTaskError(f"task '{loop.path}' is not a loop")
        match iterator.items:
            case RawItems(items=raw):
                lookup = self.lookup(loop)
                return tuple(substitute_value(item, lookup) for item in raw)
            case InputItems(name=name):
                if iterator.over_artifacts:
                    return self.artifacts(loop, name) or ()
                return parse_items(self.parameter(loop, name), loop, name)

    def _resolved(self, position: TaskPosition) -> _ResolvedInputs:
        """Return the inputs resolved so far: of a DAG or loop from the cache, of a leaf none.

        All tasks in a DAG or loop read its inputs; nobody but a leaf itself reads those of a leaf.
        """
        is_shared = position.has_dag or position.is_loop
        return self._cached_inputs(position.path) if is_shared else _ResolvedInputs()

    # Conditions.

    def holds(self, position: TaskPosition) -> bool:
        """Return whether a task's own condition holds; true if it has none.

        Raises:
            FinalTaskError: The condition cannot be evaluated.
        """
        condition = None if position.task is None else position.task.condition
        if condition is None:
            return True
        from argosy_driver.resolving.conditions import evaluate_condition  # as above

        return evaluate_condition(
            condition,
            parameters=LazyMapping(
                position.parameter_names, lambda name: self.parameter(position, name)
            ),
            artifacts=LazyMapping(
                position.artifact_names, lambda name: self._runtime_artifacts(position, name)
            ),
            what=f"task '{position.path}': condition",
        )

    def _runtime_artifacts(
        self, position: TaskPosition, name: str
    ) -> list[Mapping[str, JsonValue]] | Unset:
        """Return an input artifact as conditions read it."""
        from argosy_driver.resolving.conditions import make_runtime_artifact  # as above

        found = self.artifacts(position, name)
        return UNSET if found is None else [make_runtime_artifact(artifact) for artifact in found]

    # Tasks without a pod.

    def import_artifact(self, position: TaskPosition, name: str) -> Artifact:
        """Return the artifact that an importer registers."""
        assert position.importer is not None
        return make_imported_artifact(
            position.importer,
            name=name,
            task_path=position.path,
            parameter=lambda parameter: self.parameter(position, parameter),
            lookup=self.lookup(position),
        )

    def claim_name(self, position: TaskPosition) -> str:
        """Return the name of the volume claim that a task makes."""

        def text(name: str) -> JsonValue:
            value = self.parameter(position, name) if name in position.parameter_names else None
            return None if value is UNSET else value

        return make_claim_name(
            self.run.name,
            position.path,
            pvc_name=text("pvc_name"),
            pvc_name_suffix=text("pvc_name_suffix"),
        )


def _holds_all_items(position: TaskPosition, name: str) -> bool:
    """Return whether the input of a loop, rather than of an iteration, is that of its items."""
    iterator = None if position.task is None else position.task.iterator
    return iterator is not None and position.is_loop and name == iterator.item_input
