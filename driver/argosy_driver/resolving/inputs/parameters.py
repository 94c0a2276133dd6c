"""The input parameters of tasks: constants, other inputs, outputs, items and final statuses."""

from __future__ import annotations

from collections.abc import Callable

from argosy_driver.resolving.inputs.known import KnownInputs, ResolverParts
from argosy_driver.resolving.inputs.values import (
    check_literals,
    coerce_value,
    make_missing_output_error,
    resolve_missing_value,
)
from argosy_driver.resolving.outputs import Outputs
from argosy_driver.resolving.phases import SUCCEEDED, Phases
from argosy_driver.resolving.placeholders import Lookup, Segments, substitute_value
from argosy_driver.resolving.run_context import RunContext
from argosy_driver.resolving.run_placeholders import look_up_run_placeholder
from argosy_schemas.formats.records import Artifact
from argosy_schemas.ir.model import (
    ComponentInput,
    Constant,
    FinalStatus,
    ParameterInput,
    ParameterSource,
    ParameterSpec,
    ParameterType,
    RuntimeParameter,
    TaskOutput,
)
from argosy_schemas.ir.parameters import coerce, to_text
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.values import UNSET, JsonValue, Unset


class InputParameters:
    """The input parameters of the tasks in one run."""

    def __init__(
        self,
        run: RunContext,
        tree: TaskTree,
        phases: Phases,
        outputs: Outputs,
        known: KnownInputs,
        inputs: ResolverParts,
        final_status: Callable[[TaskPosition, TaskPosition, str], JsonValue],
    ) -> None:
        """Make them.

        Args:
            run: The context of the run.
            tree: The tasks of the run.
            phases: The phases of tasks that ended.
            outputs: The outputs of tasks that ended.
            known: What was resolved before.
            inputs: The other parts of the resolver.
            final_status: Returns the final status that a task receives from a task of the same DAG,
                see :meth:`argosy_driver.resolving.inputs.final_statuses.FinalStatusInputs.value`.
        """
        self._run, self._tree, self._phases = run, tree, phases
        self._outputs, self._known, self._inputs = outputs, known, inputs
        self._final_status = final_status

    def value(
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

    def setting(
        self, position: TaskPosition, source: ParameterSource, what: str
    ) -> JsonValue | Unset:
        """Return the value that a Kubernetes setting takes, whose names are those of its DAG."""
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
        return lambda segments: look_up_run_placeholder(self._run, key, position.path, segments)

    def _parameter_text(
        self, position: TaskPosition, name: str, resolving: frozenset[str]
    ) -> str | None:
        value = self.value(position, name, resolving)
        if value is UNSET:
            # A declared input without a value is empty, an undeclared one unknown.
            return "" if name in position.component.inputs.parameters else None
        return to_text(value)

    def _kept_parameter(
        self, position: TaskPosition, name: str, resolving: frozenset[str] = frozenset()
    ) -> JsonValue | Unset:
        """Return an input parameter; for a STRING of a DAG the JSON value that was passed."""
        known = self._known.of(position).parameters
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
            value = self._run.parameters.get(name, UNSET)
            if (value is UNSET or value is None) and spec is not None:
                return resolve_missing_value(value, spec, position, name)
            return value
        if spec is not None and spec.type is ParameterType.TASK_CONFIG:
            return UNSET
        if task.iterator is not None and not task.iterator.over_artifacts:
            if position.loop is not None and name == task.iterator.item_input:
                item = self._inputs.item(position)
                assert not isinstance(item, Artifact)
                if item is None and spec is not None:
                    return resolve_missing_value(None, spec, position, name)
                return item if spec is None else coerce_value(item, spec, position, name)
            if _holds_all_items(position, name):
                items = self._inputs.items(position)
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
                return self.value(self._tree.root, parameter)
            case ComponentInput(parameter):
                if spec is None or source.selector is not None:
                    return self.value(parent, parameter)
                return self._kept_parameter(parent, parameter)
            case FinalStatus(task):
                return self._final_status(position, parent, task)
            case TaskOutput(task, output):
                upstream = self._tree.child(parent, task)
                if position.ignores_upstream_failure:
                    if self._phases.of(upstream.path) not in (None, SUCCEEDED):
                        return UNSET
                    return self._outputs.parameter(upstream, output, parent, keep=False)
                found = self._outputs.parameter(upstream, output, upstream)
                if found is UNSET:
                    raise make_missing_output_error(position, name, source.source)
                return found


def _holds_all_items(position: TaskPosition, name: str) -> bool:
    """Return whether the input of a loop, rather than of an iteration, is that of its items."""
    iterator = None if position.task is None else position.task.iterator
    return iterator is not None and position.is_loop and name == iterator.item_input
