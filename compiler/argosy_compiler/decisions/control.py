"""Where conditions and loops find the values that they decide by.

A decision reads inputs of its task. Each is followed back, through the inputs and outputs of DAGs,
to a constant, a pipeline parameter, the item of a loop, or the output of a container task; on the
way every DAG that the value crosses is told to hand it on, and the task that makes it to publish
it. Where the way is barred, e.g. by an importer or a collected loop, the decision needs a pod.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from argosy_compiler.argo.expressions import (
    HANDED_DOWN,
    constant,
    is_parameter_of_workflow,
    item_of,
    member,
    or_default,
    parameter_of_workflow,
    published_by,
)
from argosy_compiler.argo.names import task_name
from argosy_compiler.decisions.values import (
    ANY_KIND,
    LENGTH_KIND,
    NUMBERS,
    TEXT_KIND,
    BarredError,
    Value,
    all_known,
    as_text,
    kinds_of,
    parsed,
    selected,
    type_of,
)
from argosy_compiler.structure import Structure
from argosy_expressions.cel.checking import KINDS_OF_TYPE
from argosy_expressions.cel.values import ValueKind
from argosy_expressions.operands import CannotError, Operand, parameter_term
from argosy_expressions.terms import CHOICE, quote
from argosy_schemas.ir.from_json import ROOT
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
from argosy_schemas.pod import ITEMS_PARAMETER, PATH_INPUT
from argosy_schemas.values import UNSET, JsonValue, to_json

_SCALARS = (*NUMBERS, ParameterType.BOOLEAN)

Place: TypeAlias = tuple[str, str]
"""A DAG component and a task key in it."""


class Control:
    """Collects what has to be published and handed on; grows with each value asked for."""

    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        self.published: dict[Place, set[ControlEntry]] = {}
        """Container task to what it publishes."""
        self.taken: dict[str, set[ControlEntry]] = {}
        """DAG component to what it receives."""
        self.given: dict[str, dict[str, str]] = {}
        """DAG component to what it publishes itself: key to expression in its scope."""
        self.indexed: set[str] = set()
        """Bodies of loops that pick their item from a list."""
        self._asked: set[tuple[str, ControlEntry]] = set()
        """Inputs of DAGs whose users are being asked for them."""
        self.lists: dict[str, str] = {}
        """Lists written in the pipeline, as JSON: parameter of the workflow that holds each."""

    def operand(self, dag: str, task: Task, name: str) -> Operand:
        """Return input ``name`` of ``task`` for a condition, in the scope of ``dag``.

        Raises:
            BarredError: It cannot be had by an expression.
        """
        value = self._given(dag, task, name, ControlForm.VALUE)
        is_declared = name in self._structure.used(task).inputs.parameters
        if not is_declared and not value.operand.is_certain:
            raise BarredError(f"'{name}' is of a type that only its value tells")
        # A container that is given null does not run.
        nullable = self._structure.used(task).dag is not None or not is_declared
        return replace(value.operand, nullable=nullable)

    def input(self, dag: str, task: Task, name: str, form: ControlForm) -> Value:
        """Return input ``name`` of ``task``, converted and checked, in the scope of ``dag``.

        Raises:
            BarredError: It cannot be had by an expression.
        """
        value = self._given(dag, task, name, form)
        if form is ControlForm.LENGTH:
            return value
        if form is ControlForm.TEXT:
            value = value.of_type(ParameterType.STRING)
        if value.operand.is_certain:
            return value
        if value.type is ParameterType.STRING:
            return as_text(value, name)
        try:
            term = parameter_term(name, value.operand)
        except CannotError as error:
            raise BarredError(str(error)) from error
        return replace(value, text=term.at(CHOICE + 1), kinds=term.kinds)

    def _given(self, dag: str, task: Task, name: str, form: ControlForm) -> Value:
        """Return input ``name`` of ``task`` with its declared type, not yet converted to it."""
        component = self._structure.used(task)
        spec = component.inputs.parameters.get(name)
        given = task.parameters.get(name)
        if task.iterator is not None and name == task.iterator.item_input:
            raise BarredError(f"'{name}' is all items of the loop at once")
        if spec is None:
            return self._undeclared(dag, task, name, form)
        if given is None:
            if spec.default is UNSET and not (spec.optional and component.dag is not None):
                raise BarredError(f"'{name}' has no value")
            value = None if spec.default is UNSET else spec.default
            return self._constant(value, spec.type, form)
        if form is ControlForm.LENGTH and (given.selector or spec.type is ParameterType.STRING):
            return self._counted(dag, task, given, spec, name)
        if form is ControlForm.LENGTH and spec.type is not ParameterType.LIST:
            raise BarredError(f"'{name}' is a {spec.type}, and no list")
        if isinstance(given.source, Constant) and given.selector is None:
            return self._constant_input(given.source.value, spec, name, form)
        if given.selector:
            form = ControlForm.VALUE
        elif form is ControlForm.VALUE and spec.type is ParameterType.STRING:
            form = ControlForm.TEXT
        found = self.source(dag, task, given.source, form)
        if given.selector:
            found = replace(selected(found, given.selector), type=spec.type)
        if form is not ControlForm.LENGTH:
            found = found.of_type(spec.type)
        takes_default = component.dag is None or spec.optional
        if not takes_default or not found.nullable or spec.default in (UNSET, None):
            return found
        default = self._constant(spec.default, spec.type, form)
        return replace(
            found,
            text=or_default(found.text, default.text),
            kinds=found.kinds - {ValueKind.NULL} | default.kinds,
            known=None,
        )

    def _undeclared(self, dag: str, task: Task, name: str, form: ControlForm) -> Value:
        """Return what is given to a task whose component has no such parameter."""
        if form is ControlForm.LENGTH and name in task.artifacts:
            return self.source(dag, task, task.artifacts[name], form)
        given = task.parameters.get(name)
        if given is None or given.selector is not None:
            raise BarredError(f"'{name}' is no parameter of its component")
        # The SDK passes such for images and resources.
        return self.source(dag, task, given.source, form)

    def _constant_input(
        self, value: JsonValue, spec: ParameterSpec, name: str, form: ControlForm
    ) -> Value:
        if value is None and spec.default is not UNSET:
            raise BarredError(f"'{name}' is null, and has a default")
        try:
            value = coerce(value, spec.type)
        except ParameterValueError as error:
            raise BarredError(f"'{name}' {error}") from error
        return self._constant(value, spec.type, form)

    def argument(self, dag: str, task: Task, entry: ControlEntry) -> str:
        """Return what ``task`` hands down to its DAG component for ``entry``.

        Raises:
            BarredError: It cannot be had by an expression.
        """
        return self._argument(dag, task, entry).text

    def _argument(self, dag: str, task: Task, entry: ControlEntry) -> Value:
        iterator = task.iterator
        if iterator is None or entry.output != iterator.item_input:
            return self._given(dag, task, entry.output, entry.form)
        if entry.form is not ControlForm.VALUE or iterator.over_artifacts:
            raise BarredError(f"'{entry.output}' is an item that only the driver can look into")
        return self._items(dag, task)

    def length(self, dag: str, task: Task) -> str | int:
        """Return the number of iterations of a loop: a number, or an expression of one.

        Raises:
            BarredError: It cannot be had by an expression.
        """
        assert task.iterator is not None
        items = task.iterator.items
        if isinstance(items, RawItems):
            return len(items.items)
        text = self.input(dag, task, items.name, ControlForm.LENGTH).text
        return int(text) if text.isdigit() else text

    def claim(self, dag: str, task: Task) -> str:
        """Return the name of the volume claim that a task creates or deletes.

        It is the rule of ``argosy_driver.resolving.claims``, so that readers need no record of it.

        Raises:
            BarredError: It depends on a value that no expression can have.
        """
        inputs = self._structure.used(task).inputs.parameters
        if "pvc_name" in task.parameters:
            name = self.input(dag, task, "pvc_name", ControlForm.VALUE)
            if name.text not in ("''", "nil"):
                return name.text
        suffix = quote(task.key)
        if "pvc_name_suffix" in task.parameters and "pvc_name_suffix" in inputs:
            suffix = self.input(dag, task, "pvc_name_suffix", ControlForm.VALUE).text
            suffix = f"sprig.trimPrefix('-', {suffix})"
        path = "" if dag == ROOT else f"sprig.replace('/', '-', inputs.parameters.{PATH_INPUT}) + "
        return f"sprig.lower(workflow.name + '-' + {path}{suffix})"

    def pipeline(self) -> Pipeline:
        """Return the pipeline with the control entries of its tasks."""
        return replace(
            self._structure.pipeline,
            control={
                place: tuple(sorted(entries)) for place, entries in sorted(self.published.items())
            },
        )

    def _counted(
        self, dag: str, task: Task, given: ParameterInput, spec: ParameterSpec, name: str
    ) -> Value:
        """Return the number of items of a part of a value, or of a list that is text."""
        if spec.type not in (ParameterType.LIST, ParameterType.STRING):
            raise BarredError(f"'{name}' is a {spec.type}, and no list")
        found = self.source(dag, task, given.source, ControlForm.VALUE)
        if given.selector:
            found = replace(selected(found, given.selector), type=spec.type)
        elif isinstance(given.source, Constant):
            raise BarredError(f"'{name}' is text of its own")
        found = found.of_type(spec.type)
        if found.nullable and spec.default is not UNSET and spec.default is not None:
            raise BarredError(f"'{name}' has a default for null")
        text = found.text if spec.type is ParameterType.LIST else parsed(found)
        # What is no list becomes nil, which has no length.
        return Value(
            text=f"len(find([{text}], type(#) == 'array'))",
            type=ParameterType.NUMBER_INTEGER,
            kinds=LENGTH_KIND,
        )

    def _items(self, dag: str, task: Task) -> Value:
        """Return the list that a loop goes over; its length says whether it is one."""
        assert task.iterator is not None
        items = task.iterator.items
        if isinstance(items, InputItems):
            value = self._given(dag, task, items.name, ControlForm.VALUE)
            if value.type is not ParameterType.LIST:
                raise BarredError(f"'{items.name}' is a {value.type}, not a LIST")
            return value
        return self._constant(list(items.items), ParameterType.LIST, ControlForm.VALUE)

    def source(
        self,
        dag: str,
        task: Task,
        source: ParameterSource,
        form: ControlForm,
    ) -> Value:
        """Return what a source of ``task`` yields in the scope of ``dag``.

        Raises:
            BarredError: It cannot be had by an expression.
        """
        if isinstance(source, Constant):
            return self._constant(source.value, type_of(source.value), form)
        if isinstance(source, ComponentInput):
            return self._handed_down(dag, source.name, form)
        if isinstance(source, TaskOutput):
            if task.strategy is TriggerStrategy.ALL_UPSTREAM_TASKS_COMPLETED:
                raise BarredError(f"'{source.task}' may have failed, and then has no outputs")
            return self._output(dag, source, form)
        raise BarredError("it reads what only the driver knows")

    def _constant(self, value: JsonValue, declared: ParameterType, form: ControlForm) -> Value:
        if "{{$" in to_json(value):
            raise BarredError("it reads a placeholder")
        if form is ControlForm.LENGTH:
            if not isinstance(value, list | tuple):
                raise BarredError("its items are no list")
            return Value(text=str(len(value)), type=ParameterType.NUMBER_INTEGER, kinds=LENGTH_KIND)
        if form is ControlForm.TEXT:
            value, declared = to_text(value), ParameterType.STRING
        kinds = kinds_of((value,))
        if not kinds <= KINDS_OF_TYPE[declared]:
            raise BarredError(f"{truncate(to_json(value))} is no {declared}")
        text = constant(value)
        if isinstance(value, list | tuple):
            # In an expression of its own, each iteration of a loop would be handed all of it.
            name = f"{ITEMS_PARAMETER}{len(self.lists) + 1}"
            text = parameter_of_workflow(self.lists.setdefault(to_json(value), name))
        return Value(text=text, type=declared, kinds=kinds, known=(value,))

    def _handed_down(self, dag: str, name: str, form: ControlForm) -> Value:
        """Return an input of the DAG itself."""
        if dag == ROOT:
            return self._pipeline_parameter(name, form)
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
            raise BarredError(f"'{name}' is an item in one use of '{dag}' and a value in another")
        is_item = items.pop()
        if is_item and form is ControlForm.LENGTH:
            raise BarredError(f"'{name}' is an item whose length only the driver can count")
        values = self._handed_by_users(dag, entry)
        texts = {value.text for value in values}
        is_whole = is_item or (declared is ParameterType.LIST and form is ControlForm.VALUE)
        if is_whole and len(texts) == 1 and all(map(is_parameter_of_workflow, texts)):
            text = texts.pop()  # which every template can read, so that no node has to carry it
        else:
            self.taken.setdefault(dag, set()).add(entry)
            text = member(HANDED_DOWN, entry.key)
        known = all_known(values, items=is_item)
        if is_item:
            self.indexed.add(dag)
            text = item_of(text)
            kinds = ANY_KIND if known is None else kinds_of(known)
        else:
            kinds = frozenset[ValueKind]().union(*(value.kinds for value in values))
        if form is ControlForm.LENGTH:
            return Value(text=text, type=ParameterType.NUMBER_INTEGER, kinds=kinds)
        return Value(text=text, type=declared, kinds=kinds, known=known)

    def _handed_by_users(self, dag: str, entry: ControlEntry) -> Sequence[Value]:
        """Return what each task that uses a DAG hands down to it; every one has to be able to."""
        if (dag, entry) in self._asked:
            raise BarredError(f"'{entry.output}' of '{dag}' comes from another use of '{dag}'")
        self._asked.add((dag, entry))
        try:
            users = self._structure.users[dag]
            return [self._argument(parent, task, entry) for parent, task in users]
        finally:
            self._asked.discard((dag, entry))

    def _pipeline_parameter(self, name: str, form: ControlForm) -> Value:
        spec = self._structure.pipeline.root.inputs.parameters.get(name)
        if spec is None:
            raise BarredError(f"'{name}' is an artifact of the pipeline")
        if spec.default is not UNSET and "{{$" in to_json(spec.default):
            raise BarredError(f"the default of '{name}' holds a placeholder")
        text = f"workflow.parameters[{quote(name)}]"
        if spec.type is not ParameterType.STRING:
            text = f"fromJSON({text})"
        if form is ControlForm.LENGTH:
            return Value(text=f"len({text})", type=ParameterType.NUMBER_INTEGER, kinds=LENGTH_KIND)
        kinds = KINDS_OF_TYPE[spec.type]
        given = None if spec.default is UNSET else spec.default
        if spec.optional and given is not None and spec.type in _SCALARS:
            # Given as null it is its default. A STRING never is, and what loops over null fails.
            default = self._constant(given, spec.type, ControlForm.VALUE)
            text = or_default(text, default.text)
        if not spec.optional or given is not None:
            kinds -= {ValueKind.NULL}
        return Value(text=text, type=spec.type, kinds=kinds)

    def _output(self, dag: str, source: TaskOutput, form: ControlForm) -> Value:
        """Return an output of a sibling task."""
        producer = self._structure.dag(dag).tasks[source.task]
        component = self._structure.used(producer)
        if self._structure.claim_action(producer) and form is not ControlForm.LENGTH:
            return Value(text=self.claim(dag, producer), type=ParameterType.STRING, kinds=TEXT_KIND)
        if self._structure.is_importer(producer) or self._structure.claim_action(producer):
            raise BarredError(f"'{source.task}' has no pod that could publish '{source.output}'")
        if producer.iterator is not None:
            return self._collected(dag, producer, source, form)
        if form is ControlForm.LENGTH:
            declared, kinds = ParameterType.NUMBER_INTEGER, LENGTH_KIND
        else:
            declared = self._type_of_output(dag, source)
            if declared is ParameterType.STRING:
                form = ControlForm.VALUE
            elif form is ControlForm.TEXT:
                declared = ParameterType.STRING
            kinds = KINDS_OF_TYPE[declared]
        entry = ControlEntry(output=source.output, form=form)
        if component.dag is None:
            self.published.setdefault((dag, source.task), set()).add(entry)
        else:
            self._give(producer.component, entry)
        text = member(published_by(task_name(source.task)), entry.key)
        return Value(text=text, type=declared, kinds=kinds)

    def _type_of_output(self, dag: str, source: TaskOutput) -> ParameterType:
        """Return what the task that makes an output declares it; DAGs convert nothing."""
        task = self._structure.dag(dag).tasks[source.task]
        component = self._structure.used(task)
        if self._structure.claim_action(task):
            return ParameterType.STRING
        if component.dag is None or task.iterator is not None:
            spec = component.outputs.parameters.get(source.output)
            return ParameterType.LIST if spec is None else spec.type
        selectors = component.dag.outputs.parameters.get(source.output, ())
        types = {self._type_of_output(task.component, selector) for selector in selectors}
        if len(types) > 1:
            raise BarredError(f"'{source.output}' is of one type or another")
        return types.pop() if types else ParameterType.LIST

    def _give(self, dag: str, entry: ControlEntry) -> None:
        """Have ``dag`` publish one of its outputs."""
        outputs = self._structure.dag(dag).outputs
        selectors = outputs.parameters.get(entry.output) or outputs.artifacts.get(entry.output, ())
        texts = [
            (task_name(selector.task), self._output(dag, selector, entry.form).text)
            for selector in selectors
        ]
        if not texts:
            raise BarredError(f"'{dag}' does not say where '{entry.output}' comes from")
        text = texts[-1][1]
        for name, alternative in reversed(texts[:-1]):
            text = f"(tasks['{name}'].status == 'Succeeded' ? {alternative} : {text})"
        self.given.setdefault(dag, {})[entry.key] = text

    def _collected(self, dag: str, loop: Task, source: TaskOutput, form: ControlForm) -> Value:
        if form is not ControlForm.LENGTH:
            raise BarredError(f"'{source.task}' is a loop, and only the driver collects its values")
        if not self._always_yields(loop.component, source.output):
            raise BarredError(f"iterations of '{source.task}' may contribute nothing")
        return Value(
            text=str(self.length(dag, loop)), type=ParameterType.NUMBER_INTEGER, kinds=LENGTH_KIND
        )

    def _always_yields(self, dag: str, output: str) -> bool:
        """Return whether each run of ``dag`` yields exactly one value for ``output``."""
        outputs = self._structure.dag(dag).outputs
        selectors = outputs.parameters.get(output) or outputs.artifacts.get(output, ())
        if len(selectors) != 1:
            return False
        task = self._structure.dag(dag).tasks[selectors[0].task]
        if task.condition is not None or task.iterator is not None or task.dependencies:
            return False
        component = self._structure.used(task)
        if component.dag is None:
            spec = component.outputs.artifacts.get(selectors[0].output)
            return spec is None or not spec.is_list
        return self._always_yields(task.component, selectors[0].output)
