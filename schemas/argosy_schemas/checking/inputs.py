"""Check the inputs that a task passes to its component.

Types are compared only where the file declares both. A STRING accepts every type, as text; each
number type accepts the other; the result of a selector, the value of a placeholder, and the item of
a list of unknown items may have any type. The driver checks literals, since it sees every value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from argosy_schemas.checking.references import SINGULAR, DagScope, Side
from argosy_schemas.findings import Path, find_nearest, suggest_name
from argosy_schemas.ir.from_json import constant_from_json, parameter_type_from_json
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.ir.parameters import ParameterValueError, coerce, to_text

Json = Mapping[str, Any]

_CHANNEL: Final = "pipelinechannel--"
"""The prefix of the input names that the SDK generates."""

_LOOP_ITEM: Final = re.compile(f"{_CHANNEL}.+-loop-item(-subvar-.+)?")
"""The name of the input that holds an item of a list, in a loop and in the groups inside it."""

_FAMILIES: Final = (
    {ParameterType.NUMBER_INTEGER, ParameterType.NUMBER_DOUBLE},
    {ParameterType.STRUCT, ParameterType.TASK_FINAL_STATUS, ParameterType.TASK_CONFIG},
)


def check_inputs(task: Json, path: Path, scope: DagScope) -> None:
    """Add the problems of the inputs of the task at ``path``."""
    used = scope.find_component(task)
    inputs: Json = task.get("inputs", {})
    for name, source in inputs.get("parameters", {}).items():
        input_path: Path = (*path, "inputs", "parameters", name)
        declared = None
        if used is not None:
            declared = _find_declaration(name, task, used, "parameters", input_path, scope)
        _check_parameter(name, source, declared, input_path, scope)
    for name, source in inputs.get("artifacts", {}).items():
        input_path = (*path, "inputs", "artifacts", name)
        if used is not None:
            _find_declaration(name, task, used, "artifacts", input_path, scope)
        _check_artifact(source, input_path, scope)
    if used is not None:
        _check_complete(task, used, path, scope)


def _find_declaration(
    name: str, task: Json, used: Json, side: Side, path: Path, scope: DagScope
) -> Json | None:
    """Return the declaration of an input; ``None``: the component does not declare it.

    An undeclared input is valid: the SDK passes channels to components that do not declare them.
    It is a problem where the name looks like a misspelt one.
    """
    declared: Json = used.get("inputDefinitions", {})
    known: Json = declared.get(side, {})
    if name in known:
        spec: Json = known[name]
        return spec
    other: Side = "artifacts" if side == "parameters" else "parameters"
    if name in declared.get(other, {}):
        message = f"The component declares '{name}' in '{other}'; pass it in 'inputs.{other}'"
        scope.findings.add(path, message)
        return None
    match = find_nearest(name, known.keys() - task["inputs"][side].keys())
    if match is not None and not name.startswith(_CHANNEL):
        message = f"The component declares no input '{name}'; did you mean '{match}'?"
        scope.findings.add(path, message)
    return None


def _check_parameter(
    name: str, source: Json, declared: Json | None, path: Path, scope: DagScope
) -> None:
    has_selector = bool(source.get("parameterExpressionSelector"))
    if "runtimeValue" in source:
        if declared is not None and not has_selector:
            _check_constant(name, source["runtimeValue"], declared, path, scope)
        return
    source_type, source_text = _find_source_type(name, source, path, scope)
    wanted = None if declared is None or has_selector else parameter_type_from_json(declared)
    if wanted is not None and source_type is not None and not _accepts(wanted, source_type):
        message = (
            f"Parameter '{name}' is a {wanted} and gets {source_text}, a {source_type}; "
            "make them the same"
        )
        scope.findings.add(path, message)


def _find_source_type(
    name: str, source: Json, path: Path, scope: DagScope
) -> tuple[ParameterType | None, str]:
    """Return the type of a parameter's source, ``None`` if unknown, and the source in words."""
    if "taskOutputParameter" in source:
        output: Json = source["taskOutputParameter"]
        producer: str = output.get("producerTask", "")
        key: str = output.get("outputParameterKey", "")
        spec = scope.find_output(producer, key, "parameters", (*path, "taskOutputParameter"))
        source_text = f"output '{key}' of task '{producer}'"
        if spec is None:
            return None, source_text
        if scope.tasks[producer].keys() & {"parameterIterator", "artifactIterator"}:
            return ParameterType.LIST, source_text  # collected over the iterations
        return parameter_type_from_json(spec), source_text
    if "componentInputParameter" in source:
        key = source["componentInputParameter"]
        spec = scope.find_input(key, "parameters", (*path, "componentInputParameter"))
        source_text = f"input '{key}' of this DAG"
        declared = None if spec is None else parameter_type_from_json(spec)
        if declared is ParameterType.STRING and _LOOP_ITEM.fullmatch(key):
            return None, source_text  # so the SDK declares items whose type it does not know
        return declared, source_text
    if "taskFinalStatus" in source:
        producer = source["taskFinalStatus"].get("producerTask", "")
        if producer not in scope.tasks:
            todo = suggest_name(producer, scope.tasks, otherwise="name a task of this DAG")
            message = f"There is no task '{producer}' in this DAG; {todo}"
            scope.findings.add((*path, "taskFinalStatus"), message)
        return ParameterType.TASK_FINAL_STATUS, f"the final status of task '{producer}'"
    scope.findings.add(path, f"Parameter '{name}' has no source; set one")
    return None, ""


def _accepts(wanted: ParameterType, source_type: ParameterType) -> bool:
    if wanted in (ParameterType.STRING, source_type):
        return True
    return any(wanted in family and source_type in family for family in _FAMILIES)


def _check_constant(name: str, value: Json, declared: Json, path: Path, scope: DagScope) -> None:
    wanted = parameter_type_from_json(declared)
    if wanted is None or "runtimeParameter" in value:
        return
    constant = constant_from_json(value)
    if "{{$" in to_text(constant):
        return  # a placeholder: its value is known when the task runs
    try:
        coerce(constant, wanted)
    except ParameterValueError as error:
        scope.findings.add(path, f"The constant of parameter '{name}' {error}; change it")


def _check_artifact(source: Json, path: Path, scope: DagScope) -> None:
    if "taskOutputArtifact" in source:
        output: Json = source["taskOutputArtifact"]
        scope.find_output(
            output.get("producerTask", ""),
            output.get("outputArtifactKey", ""),
            "artifacts",
            (*path, "taskOutputArtifact"),
        )
    elif "componentInputArtifact" in source:
        key: str = source["componentInputArtifact"]
        scope.find_input(key, "artifacts", (*path, "componentInputArtifact"))
    else:
        scope.findings.add(path, f"Artifact '{path[-1]}' has no source; set one")


def _check_complete(task: Json, used: Json, path: Path, scope: DagScope) -> None:
    """Add the inputs that the component requires and the task does not pass."""
    items = {
        task[kind].get("itemInput", "")
        for kind in ("parameterIterator", "artifactIterator")
        if kind in task
    }
    declared: Json = used.get("inputDefinitions", {})
    sides: tuple[Side, Side] = ("parameters", "artifacts")
    for side in sides:
        passed: Json = task.get("inputs", {}).get(side, {})
        for name, spec in declared.get(side, {}).items():
            if name in passed or name in items or spec.get("isOptional") or "defaultValue" in spec:
                continue
            if spec.get("parameterType") == ParameterType.TASK_CONFIG:
                continue  # the driver creates the value
            message = (
                f"The task does not pass the required input {SINGULAR[side]} '{name}'; pass it"
            )
            scope.findings.add(path, message)
