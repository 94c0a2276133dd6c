"""Where conditions and loops find the values that they decide by.

A decision reads inputs of its task. Each is followed back, through the inputs and outputs of DAGs,
to a constant, a pipeline parameter, the item of a loop, or the output of a container task; on the
way every DAG that the value crosses is told to hand it on, and the task that makes it to publish
it. Where the way is barred, e.g. by an importer or a collected loop, the decision needs a pod.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypeAlias

from argosy_compiler.argo_names import task_name
from argosy_compiler.expression_text import (
    HANDED_DOWN,
    ITEMS_PARAMETER,
    constant,
    is_parameter_of_workflow,
    item_of,
    member,
    parameter_of_workflow,
    published_by,
)
from argosy_compiler.structure import Structure
from argosy_expressions.terms import quoted
from argosy_schemas.ir import (
    ComponentInput,
    Constant,
    ControlEntry,
    ControlForm,
    InputItems,
    ParameterInput,
    ParameterSource,
    ParameterType,
    Pipeline,
    RawItems,
    Task,
    TaskOutput,
    TriggerStrategy,
)
from argosy_schemas.ir_json import ROOT
from argosy_schemas.parameters import to_text
from argosy_schemas.pod import PATH_INPUT
from argosy_schemas.values import UNSET, JsonValue, to_json

_SELECTOR = re.compile(r"""parseJson\(string_value\)\[(?:"([^"\\]*)"|'([^'\\]*)')\]""")

Place: TypeAlias = tuple[str, str]
"""A DAG component and a task key in it."""


class BarredError(Exception):
    """The value cannot be had by an expression; the message goes on from "needs a pod:"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value as an expression in the scope of one DAG template."""

    text: str
    type: ParameterType
    nullable: bool = False
    is_item: bool = False
    """An item of a list, which is what it is and not what its input declares."""


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
        self.lists: dict[str, str] = {}
        """Lists written in the pipeline, as JSON: parameter of the workflow that holds each."""

    def input(self, dag: str, task: Task, name: str, form: ControlForm) -> Value:
        """Return input ``name`` of ``task`` in the scope of ``dag``.

        Raises:
            BarredError: It cannot be had by an expression.
        """
        spec = self._structure.used(task).inputs.parameters.get(name)
        given = task.parameters.get(name)
        if spec is None:
            if form is ControlForm.LENGTH and name in task.artifacts:
                return self.source(dag, task, task.artifacts[name], form)
            if given is None or given.selector is not None:
                raise BarredError(f"'{name}' is no parameter of its component")
            # Passed and not declared: the SDK does so for images and resources.
            return self.source(dag, task, given.source, form)
        if given is None:
            value = None if spec.default is UNSET else spec.default
            return self._constant(value, spec.type, form)
        if form is ControlForm.LENGTH and (given.selector or spec.type is ParameterType.STRING):
            return self._counted(dag, task, given, name)
        if form is ControlForm.LENGTH and spec.type is not ParameterType.LIST:
            raise BarredError(f"'{name}' is a {spec.type}, and no list")
        found = self.source(dag, task, given.source, ControlForm.VALUE if given.selector else form)
        if given.selector:
            found = _selected(found, given.selector, spec.type)
        elif found.is_item and found.type is ParameterType.STRING:
            found = _as_text(found)
        if spec.type is ParameterType.STRING and found.type is not ParameterType.STRING:
            if given.selector:
                raise BarredError(f"'{name}' is text made of a part of another value")
            found = self.source(dag, task, given.source, ControlForm.TEXT)
        if found.nullable and spec.default is not UNSET and spec.default is not None:
            default = self._constant(spec.default, spec.type, form)
            text = f"map([{found.text}], # == nil ? {default.text} : #)[0]"
            return replace(found, text=text, type=spec.type, nullable=False)
        return found if form is ControlForm.LENGTH else replace(found, type=spec.type)

    def argument(self, dag: str, task: Task, entry: ControlEntry) -> str:
        """Return what ``task`` hands down to its DAG component for ``entry``.

        Raises:
            BarredError: It cannot be had by an expression.
        """
        iterator = task.iterator
        if iterator is None or entry.output != iterator.item_input:
            return self.input(dag, task, entry.output, entry.form).text
        if entry.form is not ControlForm.VALUE or iterator.over_artifacts:
            raise BarredError(f"'{entry.output}' is an item that only the driver can look into")
        return self._items(dag, task).text

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

        It is the rule of ``argosy_driver.claims``, so that readers need no record of it.

        Raises:
            BarredError: It depends on a value that no expression can have.
        """
        inputs = self._structure.used(task).inputs.parameters
        if "pvc_name" in task.parameters:
            name = self.input(dag, task, "pvc_name", ControlForm.VALUE)
            if name.text not in ("''", "nil"):
                return name.text
        suffix = quoted(task.key)
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

    def _counted(self, dag: str, task: Task, given: ParameterInput, name: str) -> Value:
        """Return the number of items of a part of a value, or of a list that is text."""
        found = self.source(dag, task, given.source, ControlForm.VALUE)
        text = found.text
        if given.selector:
            # A missing key is nil, and has no length.
            whole, key = _part(found, given.selector)
            text = f"{whole}[{key}]"
        if text.startswith(("'", "fromJSON('")):
            raise BarredError(f"'{name}' is text of its own")
        return Value(
            text=f"map([{text}], type(#) == 'string' ? len(fromJSON(#)) : len(#))[0]",
            type=ParameterType.NUMBER_INTEGER,
        )

    def _items(self, dag: str, task: Task) -> Value:
        assert task.iterator is not None
        items = task.iterator.items
        if isinstance(items, InputItems):
            value = self.input(dag, task, items.name, ControlForm.VALUE)
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
            return self._constant(source.value, _type_of(source.value), form)
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
            return Value(text=str(len(value)), type=ParameterType.NUMBER_INTEGER)
        if form is ControlForm.TEXT:
            return Value(text=constant(to_text(value)), type=ParameterType.STRING)
        if isinstance(value, list | tuple):
            # In an expression of its own, each iteration of a loop would be handed all of it.
            name = f"{ITEMS_PARAMETER}{len(self.lists) + 1}"
            name = self.lists.setdefault(to_json(value), name)
            return Value(text=parameter_of_workflow(name), type=declared)
        return Value(text=constant(value), type=declared, nullable=value is None)

    def _handed_down(self, dag: str, name: str, form: ControlForm) -> Value:
        """Return an input of the DAG itself."""
        spec = self._structure.component(dag).inputs.parameters.get(name)
        if dag == ROOT:
            return self._pipeline_parameter(name, form)
        declared = spec.type if spec is not None else ParameterType.LIST
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
        # Asks whether every user can.
        texts = {self.argument(parent, task, entry) for parent, task in self._structure.users[dag]}
        is_whole = is_item or (declared is ParameterType.LIST and form is ControlForm.VALUE)
        if is_whole and len(texts) == 1 and all(map(is_parameter_of_workflow, texts)):
            text = texts.pop()  # which every template can read, so that no node has to carry it
        else:
            self.taken.setdefault(dag, set()).add(entry)
            text = member(HANDED_DOWN, entry.key)
        nullable = spec is not None and spec.optional
        if is_item:
            self.indexed.add(dag)
            return Value(text=item_of(text), type=declared, nullable=True, is_item=True)
        return Value(
            text=text,
            type=ParameterType.NUMBER_INTEGER if form is ControlForm.LENGTH else declared,
            nullable=nullable,
        )

    def _pipeline_parameter(self, name: str, form: ControlForm) -> Value:
        spec = self._structure.pipeline.root.inputs.parameters.get(name)
        if spec is None:
            raise BarredError(f"'{name}' is an artifact of the pipeline")
        if spec.default is not UNSET and "{{$" in to_json(spec.default):
            raise BarredError(f"the default of '{name}' holds a placeholder")
        text = f"workflow.parameters[{quoted(name)}]"
        if spec.type is not ParameterType.STRING:
            text = f"fromJSON({text})"
        if form is ControlForm.LENGTH:
            return Value(text=f"len({text})", type=ParameterType.NUMBER_INTEGER)
        if form is ControlForm.TEXT and spec.type is not ParameterType.STRING:
            if spec.type in (ParameterType.LIST, ParameterType.STRUCT):
                raise BarredError(f"'{name}' is text made of a {spec.type}")
            # The text that was given; a number or a boolean is its own text form.
            return Value(text=f"workflow.parameters[{quoted(name)}]", type=ParameterType.STRING)
        nullable = spec.optional and (spec.default is UNSET or spec.default is None)
        return Value(text=text, type=spec.type, nullable=nullable)

    def _output(self, dag: str, source: TaskOutput, form: ControlForm) -> Value:
        """Return an output of a sibling task."""
        producer = self._structure.dag(dag).tasks[source.task]
        component = self._structure.used(producer)
        if self._structure.claim_action(producer) and form is ControlForm.VALUE:
            return Value(text=self.claim(dag, producer), type=ParameterType.STRING)
        if self._structure.is_importer(producer) or self._structure.claim_action(producer):
            raise BarredError(f"'{source.task}' has no pod that could publish '{source.output}'")
        if producer.iterator is not None:
            return self._collected(dag, producer, source, form)
        control = published_by(task_name(source.task))
        entry = ControlEntry(output=source.output, form=form)
        spec = component.outputs.parameters.get(source.output)
        declared = spec.type if spec is not None else ParameterType.LIST
        if form is not ControlForm.VALUE:
            declared = (
                ParameterType.STRING if form is ControlForm.TEXT else ParameterType.NUMBER_INTEGER
            )
        if component.dag is None:
            self.published.setdefault((dag, source.task), set()).add(entry)
        else:
            self._give(producer.component, entry)
        return Value(text=member(control, entry.key), type=declared)

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
        return Value(text=str(self.length(dag, loop)), type=ParameterType.NUMBER_INTEGER)

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


def _selected(value: Value, selector: str, declared: ParameterType) -> Value:
    whole, key = _part(value, selector)
    # A missing key would be nil, and compare as unequal without a word.
    return Value(text=f"find([{whole}], {key} in #)[{key}]", type=declared, nullable=True)


def _as_text(item: Value) -> Value:
    """Return an item as the body of its loop receives it, which declares it a STRING."""
    text = f"map([{item.text}], type(#) == 'string' || # == nil ? # : toJson(#))[0]"
    return replace(item, text=text, is_item=False)


def _part(value: Value, selector: str) -> tuple[str, str]:
    """Return the expressions of a value and of the key that a selector reads of it."""
    match = _SELECTOR.fullmatch(selector)
    if match is None:
        raise BarredError(f"it reads a part of a value by '{selector}'")
    key = quoted(match[1] if match[1] is not None else match[2])
    whole = value.text
    if value.is_item:
        whole = f"map([{whole}], type(#) == 'string' ? fromJSON(#) : #)[0]"
    elif value.type is ParameterType.STRING:
        whole = f"fromJSON({whole})"
    return whole, key


def _type_of(value: JsonValue) -> ParameterType:
    if isinstance(value, bool):
        return ParameterType.BOOLEAN
    if isinstance(value, int | float):
        return ParameterType.NUMBER_DOUBLE
    if value is None or isinstance(value, str):
        return ParameterType.STRING
    return ParameterType.LIST if isinstance(value, list | tuple) else ParameterType.STRUCT
