"""Control values: the values that conditions and loops read, and how they get there.

A condition or loop reads inputs of its task. Each is followed back, through the inputs and outputs
of DAGs, to a constant, a pipeline parameter, the item of a loop, or the output of a container task.
The task that makes the value has to publish it, and every DAG that the value crosses has to pass it
on: both are collected here. Where no expression yields a value, e.g. that of an importer or of a
collected loop, the task needs a deciding pod.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from argosy_compiler.argo.expressions import (
    CONTROL_INPUT,
    apply_default,
    get_control_value,
    is_workflow_parameter,
    make_constant,
    pick_item,
    read_control,
    read_workflow_parameter,
)
from argosy_compiler.argo.names import make_task_name
from argosy_compiler.control_flow.claim_names import express_claim_name
from argosy_compiler.control_flow.outputs import always_yields, find_output_type
from argosy_compiler.control_flow.values import (
    ANY_KIND,
    LENGTH_KIND,
    NUMBERS,
    TEXT_KIND,
    NoExpressionError,
    Value,
    collect_known_values,
    convert_to_text,
    find_kinds,
    infer_type,
    parse_text,
    select_part,
)
from argosy_compiler.known_tasks import DagTaskKey
from argosy_compiler.structure import Structure
from argosy_expressions.cel.checking import KINDS_OF_TYPE
from argosy_expressions.cel.values import ValueKind
from argosy_expressions.operands import CannotError, Operand, make_parameter_term
from argosy_expressions.terms import CHOICE, quote
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.known import SUCCEEDED, KnownTask
from argosy_schemas.ir.model import (
    ComponentInput,
    Constant,
    ControlEntry,
    ControlForm,
    InputItems,
    ParameterInput,
    ParameterSource,
    ParameterSpec,
    ParameterType,
    Pipeline,
    RawItems,
    Task,
    TaskOutput,
    TriggerStrategy,
)
from argosy_schemas.ir.parameters import ParameterValueError, coerce, to_text
from argosy_schemas.message_text import truncate
from argosy_schemas.pod import ITEMS_PARAMETER
from argosy_schemas.values import UNSET, JsonValue, parse_json, to_json

_SCALARS = (*NUMBERS, ParameterType.BOOLEAN)

_LONGEST_KNOWN_VALUE: Final = 16 * 1024
"""Bytes of JSON: a longer value is not written into a workflow, where many nodes may copy it."""


class ControlValues:
    """Collects what tasks publish and DAGs pass on; grows with each value that is read."""

    def __init__(self, structure: Structure, *, run_name: str) -> None:
        """Collect nothing yet; ``run_name`` is the expression of the name of the run."""
        self._structure = structure
        self.run_name = run_name
        self.published: dict[DagTaskKey, set[ControlEntry]] = {}
        """Container task to what it publishes."""
        self.inputs: dict[str, set[ControlEntry]] = {}
        """DAG component to what it receives."""
        self.outputs: dict[str, dict[str, str]] = {}
        """DAG component to what it publishes itself: key to expression in its scope."""
        self.indexed_bodies: set[str] = set()
        """Bodies of loops that pick their item from a list."""
        self._open: set[tuple[str, ControlEntry]] = set()
        """Inputs of DAGs whose arguments are being read."""
        self.list_parameters: dict[str, str] = {}
        """List written in the pipeline, as JSON, to the parameter of the workflow that holds it."""

    def read_operand(self, dag: str, task: Task, name: str) -> Operand:
        """Return input ``name`` of ``task`` for a condition, in the scope of ``dag``.

        Raises:
            NoExpressionError: No expression yields it.
        """
        value = self._read_declared(dag, task, name, ControlForm.VALUE)
        is_declared = name in self._structure.component_of(task).inputs.parameters
        if not is_declared and not value.operand.is_certain:
            raise NoExpressionError(f"the type of '{name}' is known only at run time")
        # A container that is given null does not run.
        nullable = self._structure.component_of(task).dag is not None or not is_declared
        return replace(value.operand, nullable=nullable)

    def read_input(self, dag: str, task: Task, name: str, form: ControlForm) -> Value:
        """Return input ``name`` of ``task``, converted and checked, in the scope of ``dag``.

        Raises:
            NoExpressionError: No expression yields it.
        """
        value = self._read_declared(dag, task, name, form)
        if form is ControlForm.LENGTH:
            return value
        if form is ControlForm.TEXT:
            value = value.of_type(ParameterType.STRING)
        if value.operand.is_certain:
            return value
        if value.type is ParameterType.STRING:
            return convert_to_text(value, name)
        try:
            term = make_parameter_term(name, value.operand)
        except CannotError as error:
            raise NoExpressionError(str(error)) from error
        return replace(value, text=term.at(CHOICE + 1), kinds=term.kinds)

    def _read_declared(self, dag: str, task: Task, name: str, form: ControlForm) -> Value:
        """Return input ``name`` of ``task`` with its declared type, not yet converted to it."""
        component = self._structure.component_of(task)
        spec = component.inputs.parameters.get(name)
        given = task.parameters.get(name)
        if task.iterator is not None and name == task.iterator.item_input:
            raise NoExpressionError(f"'{name}' stands for all items of the loop")
        if spec is None:
            return self._read_undeclared(dag, task, name, form)
        if given is None:
            if spec.default is UNSET and not (spec.optional and component.dag is not None):
                raise NoExpressionError(f"'{name}' has no value")
            value = None if spec.default is UNSET else spec.default
            return self._make_constant(value, spec.type, form)
        if form is ControlForm.LENGTH and (given.selector or spec.type is ParameterType.STRING):
            return self._count_items(dag, task, given, spec, name)
        if form is ControlForm.LENGTH and spec.type is not ParameterType.LIST:
            raise NoExpressionError(f"'{name}' is a {spec.type}, not a list")
        if isinstance(given.source, Constant) and given.selector is None:
            return self._read_constant_input(given.source.value, spec, name, form)
        if given.selector:
            form = ControlForm.VALUE
        elif form is ControlForm.VALUE and spec.type is ParameterType.STRING:
            form = ControlForm.TEXT
        found = self.read_source(dag, task, given.source, form)
        if given.selector:
            found = replace(select_part(found, given.selector), type=spec.type)
        if form is not ControlForm.LENGTH:
            found = found.of_type(spec.type)
        takes_default = component.dag is None or spec.optional
        if not takes_default or not found.nullable or spec.default in (UNSET, None):
            return found
        default = self._make_constant(spec.default, spec.type, form)
        return replace(
            found,
            text=apply_default(found.text, default.text),
            kinds=found.kinds - {ValueKind.NULL} | default.kinds,
            known=None,
        )

    def _read_undeclared(self, dag: str, task: Task, name: str, form: ControlForm) -> Value:
        """Return what a task passes although its component declares no such parameter."""
        if form is ControlForm.LENGTH and name in task.artifacts:
            return self.read_source(dag, task, task.artifacts[name], form)
        given = task.parameters.get(name)
        if given is None or given.selector is not None:
            raise NoExpressionError(f"'{name}' is not a parameter of its component")
        # The SDK passes such values for images and resources.
        return self.read_source(dag, task, given.source, form)

    def _read_constant_input(
        self, value: JsonValue, spec: ParameterSpec, name: str, form: ControlForm
    ) -> Value:
        if value is None and spec.default is not UNSET:
            raise NoExpressionError(f"'{name}' is null although it has a default")
        try:
            value = coerce(value, spec.type)
        except ParameterValueError as error:
            raise NoExpressionError(f"'{name}' {error}") from error
        return self._make_constant(value, spec.type, form)

    def make_argument(self, dag: str, task: Task, entry: ControlEntry) -> str:
        """Return the expression that ``task`` passes to its DAG component for ``entry``.

        Raises:
            NoExpressionError: No expression yields it.
        """
        return self._read_argument(dag, task, entry).text

    def _read_argument(self, dag: str, task: Task, entry: ControlEntry) -> Value:
        iterator = task.iterator
        if iterator is None or entry.output != iterator.item_input:
            return self._read_declared(dag, task, entry.output, entry.form)
        if entry.form is not ControlForm.VALUE or iterator.over_artifacts:
            raise NoExpressionError(
                f"'{entry.output}' is an item that only the driver can look into"
            )
        return self._read_items(dag, task)

    def count_iterations(self, dag: str, task: Task) -> str | int:
        """Return the number of iterations of a loop: a number, or an expression of one.

        Raises:
            NoExpressionError: No expression yields it.
        """
        assert task.iterator is not None
        items = task.iterator.items
        if isinstance(items, RawItems):
            return len(items.items)
        text = self.read_input(dag, task, items.name, ControlForm.LENGTH).text
        return int(text) if text.isdigit() else text

    def add_to_pipeline(self) -> Pipeline:
        """Return the pipeline with the control entries of its tasks."""
        return replace(
            self._structure.pipeline,
            control={
                key: tuple(sorted(entries)) for key, entries in sorted(self.published.items())
            },
        )

    def _count_items(
        self, dag: str, task: Task, given: ParameterInput, spec: ParameterSpec, name: str
    ) -> Value:
        """Return the number of items of a part of a value, or of a list that is text."""
        if spec.type not in (ParameterType.LIST, ParameterType.STRING):
            raise NoExpressionError(f"'{name}' is a {spec.type}, not a list")
        found = self.read_source(dag, task, given.source, ControlForm.VALUE)
        if given.selector:
            found = replace(select_part(found, given.selector), type=spec.type)
        elif isinstance(given.source, Constant):
            raise NoExpressionError(f"'{name}' is a constant text")
        found = found.of_type(spec.type)
        if found.nullable and spec.default is not UNSET and spec.default is not None:
            raise NoExpressionError(f"'{name}' may be null and has a default")
        if found.known is not None and len(found.known) == 1:
            return self._make_constant(
                _parse_list(found.known[0]), ParameterType.LIST, ControlForm.LENGTH
            )
        text = found.text if spec.type is ParameterType.LIST else parse_text(found)
        # A value that is not a list becomes nil, which has no length.
        return Value(
            text=f"len(find([{text}], type(#) == 'array'))",
            type=ParameterType.NUMBER_INTEGER,
            kinds=LENGTH_KIND,
        )

    def _read_items(self, dag: str, task: Task) -> Value:
        """Return the list that a loop iterates over; its length fails where it is not a list."""
        assert task.iterator is not None
        items = task.iterator.items
        if isinstance(items, InputItems):
            value = self._read_declared(dag, task, items.name, ControlForm.VALUE)
            if value.type is not ParameterType.LIST:
                raise NoExpressionError(f"'{items.name}' is a {value.type}, not a LIST")
            return value
        return self._make_constant(list(items.items), ParameterType.LIST, ControlForm.VALUE)

    def read_source(
        self,
        dag: str,
        task: Task,
        source: ParameterSource,
        form: ControlForm,
    ) -> Value:
        """Return what a source of ``task`` yields in the scope of ``dag``.

        Raises:
            NoExpressionError: No expression yields it.
        """
        if isinstance(source, Constant):
            return self._make_constant(source.value, infer_type(source.value), form)
        if isinstance(source, ComponentInput):
            return self._read_dag_input(dag, source.name, form)
        if isinstance(source, TaskOutput):
            if task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED:
                raise NoExpressionError(f"'{source.task}' may have failed, and then has no outputs")
            return self._read_output(dag, source, form)
        raise NoExpressionError("it reads what only the driver knows")

    def _make_constant(self, value: JsonValue, declared: ParameterType, form: ControlForm) -> Value:
        if "{{$" in to_json(value):
            raise NoExpressionError("it reads a placeholder")
        if form is ControlForm.LENGTH:
            if not isinstance(value, list | tuple):
                raise NoExpressionError("its items are not a list")
            return Value(text=str(len(value)), type=ParameterType.NUMBER_INTEGER, kinds=LENGTH_KIND)
        if form is ControlForm.TEXT:
            value, declared = to_text(value), ParameterType.STRING
        kinds = find_kinds((value,))
        if not kinds <= KINDS_OF_TYPE[declared]:
            raise NoExpressionError(f"{truncate(to_json(value))} is not a {declared}")
        text = make_constant(value)
        if isinstance(value, list | tuple):
            # Written into the expression, each iteration of a loop would carry the whole list.
            name = f"{ITEMS_PARAMETER}{len(self.list_parameters) + 1}"
            text = read_workflow_parameter(self.list_parameters.setdefault(to_json(value), name))
        return Value(text=text, type=declared, kinds=kinds, known=(value,))

    def _read_dag_input(self, dag: str, name: str, form: ControlForm) -> Value:
        """Return an input of the DAG itself."""
        if dag == ROOT:
            return self._read_pipeline_parameter(name, form)
        spec = self._structure.component(dag).inputs.parameters.get(name)
        declared = spec.type if spec is not None else ParameterType.LIST
        if form is ControlForm.TEXT:
            form = ControlForm.VALUE
        entry = ControlEntry(output=name, form=form)
        items = {
            task.iterator.item_input == name if task.iterator is not None else False
            for _, task in self._structure.users[dag]
        }
        if len(items) != 1:
            raise NoExpressionError(
                f"'{name}' is an item in one use of '{dag}' and a value in another"
            )
        is_item = items.pop()
        if is_item and form is ControlForm.LENGTH:
            raise NoExpressionError(f"'{name}' is an item whose length only the driver can count")
        values = self._read_arguments(dag, entry)
        texts = {value.text for value in values}
        is_whole = is_item or (declared is ParameterType.LIST and form is ControlForm.VALUE)
        if is_whole and len(texts) == 1 and all(map(is_workflow_parameter, texts)):
            text = texts.pop()  # every template can read it, so no node has to carry it
        else:
            self.inputs.setdefault(dag, set()).add(entry)
            text = get_control_value(CONTROL_INPUT, entry.key)
        known = collect_known_values(values, items=is_item)
        if is_item:
            self.indexed_bodies.add(dag)
            text = pick_item(text)
            kinds = ANY_KIND if known is None else find_kinds(known)
        else:
            kinds = frozenset[ValueKind]().union(*(value.kinds for value in values))
        if form is ControlForm.LENGTH:
            return Value(text=text, type=ParameterType.NUMBER_INTEGER, kinds=kinds)
        return Value(text=text, type=declared, kinds=kinds, known=known)

    def _read_arguments(self, dag: str, entry: ControlEntry) -> Sequence[Value]:
        """Return what each task that uses a DAG passes to it; all of them have to be able to."""
        if (dag, entry) in self._open:
            raise NoExpressionError(
                f"'{entry.output}' of '{dag}' comes from another use of '{dag}'"
            )
        self._open.add((dag, entry))
        try:
            users = self._structure.users[dag]
            return [self._read_argument(parent, task, entry) for parent, task in users]
        finally:
            self._open.discard((dag, entry))

    def _read_pipeline_parameter(self, name: str, form: ControlForm) -> Value:
        spec = self._structure.pipeline.root.inputs.parameters.get(name)
        if spec is None:
            raise NoExpressionError(f"'{name}' is an artifact of the pipeline")
        if spec.default is not UNSET and "{{$" in to_json(spec.default):
            raise NoExpressionError(f"the default of '{name}' holds a placeholder")
        text = f"workflow.parameters[{quote(name)}]"
        if spec.type is not ParameterType.STRING:
            text = f"fromJSON({text})"
        if form is ControlForm.LENGTH:
            return Value(text=f"len({text})", type=ParameterType.NUMBER_INTEGER, kinds=LENGTH_KIND)
        kinds = KINDS_OF_TYPE[spec.type]
        given = None if spec.default is UNSET else spec.default
        if spec.optional and given is not None and spec.type in _SCALARS:
            # Null means the default. A STRING is never null, and a loop over null fails.
            default = self._make_constant(given, spec.type, ControlForm.VALUE)
            text = apply_default(text, default.text)
        if not spec.optional or given is not None:
            kinds -= {ValueKind.NULL}
        return Value(text=text, type=spec.type, kinds=kinds)

    def _read_output(self, dag: str, source: TaskOutput, form: ControlForm) -> Value:
        """Return an output of a sibling task."""
        known = self._structure.known.get((dag, source.task))
        if known is not None:
            return self._read_known_output(dag, source, form, known)
        producer = self._structure.dag(dag).tasks[source.task]
        component = self._structure.component_of(producer)
        if self._structure.claim_action(producer) and form is not ControlForm.LENGTH:
            text = express_claim_name(self._structure, dag, producer, self)
            return Value(text=text, type=ParameterType.STRING, kinds=TEXT_KIND)
        if self._structure.is_importer(producer) or self._structure.claim_action(producer):
            raise NoExpressionError(
                f"'{source.task}' has no pod that could publish '{source.output}'"
            )
        if producer.iterator is not None:
            return self._count_collected(dag, producer, source, form)
        if form is ControlForm.LENGTH:
            declared, kinds = ParameterType.NUMBER_INTEGER, LENGTH_KIND
        else:
            declared = find_output_type(self._structure, dag, source)
            if declared is ParameterType.STRING:
                form = ControlForm.VALUE
            elif form is ControlForm.TEXT:
                declared = ParameterType.STRING
            kinds = KINDS_OF_TYPE[declared]
        entry = ControlEntry(output=source.output, form=form)
        if component.dag is None:
            self.published.setdefault((dag, source.task), set()).add(entry)
        else:
            self._publish_output(producer.component, entry)
        text = get_control_value(read_control(make_task_name(source.task)), entry.key)
        return Value(text=text, type=declared, kinds=kinds)

    def _read_known_output(
        self, dag: str, source: TaskOutput, form: ControlForm, known: KnownTask
    ) -> Value:
        """Return an output of a sibling task whose result is known, as it would publish it."""
        length = known.lengths.get(source.output)
        if length is not None and form is ControlForm.LENGTH:
            return self._make_constant(length, ParameterType.NUMBER_INTEGER, ControlForm.VALUE)
        if source.output not in known.parameters:
            raise NoExpressionError(f"only the driver finds '{source.output}' of '{source.task}'")
        value = known.parameters[source.output]
        if form is ControlForm.LENGTH:
            return self._make_constant(_parse_list(value), ParameterType.LIST, form)
        if len(to_json(value)) > _LONGEST_KNOWN_VALUE:
            raise NoExpressionError(f"'{source.output}' of '{source.task}' is too long a value")
        declared = find_output_type(self._structure, dag, source)
        if declared is ParameterType.STRING or value is None:
            form = ControlForm.VALUE
        return self._make_constant(value, declared, form)

    def _publish_output(self, dag: str, entry: ControlEntry) -> None:
        """Have ``dag`` publish one of its outputs."""
        outputs = self._structure.dag(dag).outputs
        selectors = outputs.parameters.get(entry.output) or outputs.artifacts.get(entry.output, ())
        texts: list[tuple[str, str]] = []
        for selector in selectors:
            known = self._structure.known.get((dag, selector.task))
            if known is not None and known.phase != SUCCEEDED:
                continue
            value = self._read_output(dag, selector, entry.form)
            texts.append((make_task_name(selector.task), value.text))
            if known is not None:
                break  # it ran, so that no later one counts
        if not texts:
            raise NoExpressionError(f"'{dag}' does not say where '{entry.output}' comes from")
        text = texts[-1][1]
        for name, alternative in reversed(texts[:-1]):
            text = f"(tasks['{name}'].status == 'Succeeded' ? {alternative} : {text})"
        self.outputs.setdefault(dag, {})[entry.key] = text

    def _count_collected(
        self, dag: str, loop: Task, source: TaskOutput, form: ControlForm
    ) -> Value:
        if form is not ControlForm.LENGTH:
            raise NoExpressionError(
                f"'{source.task}' is a loop, and only the driver collects its values"
            )
        if not always_yields(self._structure, loop.component, source.output):
            raise NoExpressionError(f"iterations of '{source.task}' may have no output")
        return Value(
            text=str(self.count_iterations(dag, loop)),
            type=ParameterType.NUMBER_INTEGER,
            kinds=LENGTH_KIND,
        )


def _parse_list(value: JsonValue) -> JsonValue:
    """Return the list that a value is, or is the text of; anything else stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value)
    except ValueError:
        return value
