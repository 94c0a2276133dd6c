"""Check conditions as far as that needs no value."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from argosy_expressions.cel import Expression, check, parse
from argosy_expressions.errors import ExpressionError, Fault
from argosy_schemas.checking.pipeline import locate_component
from argosy_schemas.findings import Findings
from argosy_schemas.ir.from_json import ROOT, parameter_type_from_json
from argosy_schemas.ir.model import ParameterType

Json = Mapping[str, Any]


def find_condition_faults(
    expression: Expression,
    declared: Mapping[str, ParameterType],
    passed: Collection[str],
    artifacts: Collection[str],
) -> tuple[Fault, ...]:
    """Return all that is wrong with the condition of a task.

    Args:
        expression: The condition.
        declared: The parameters of the task's component.
        passed: The parameters that the task is given.
        artifacts: The input artifacts of the component.
    """
    undeclared = expression.parameters - declared.keys()
    # What the SDK passes but the component does not declare has no type, and is not checked.
    if undeclared & set(passed):
        return ()
    return check(expression, declared, artifacts)


def check_conditions(spec: Json, reached: Sequence[str], findings: Findings) -> None:
    """Add what is wrong with conditions to the findings of a pipeline that is wrong elsewhere.

    Args:
        spec: Canonical.
        reached: The components that the root reaches.
        findings: Of the pipeline spec; receives what is wrong.
    """
    components: Json = spec.get("components", {})
    for name in (ROOT, *reached):
        component: Json = spec.get(ROOT, {}) if name == ROOT else components[name]
        for key, task in component.get("dag", {}).get("tasks", {}).items():
            text = task.get("triggerPolicy", {}).get("condition", "")
            used: Json | None = components.get(task.get("componentRef", {}).get("name", ""))
            if not text or used is None:
                continue
            path = (*locate_component(name), "dag", "tasks", key, "triggerPolicy", "condition")
            for fault in _faults_in(text, task, used):
                findings.add(path, str(fault))


def _faults_in(text: str, task: Json, component: Json) -> Sequence[Fault]:
    try:
        expression = parse(text)
    except ExpressionError as error:
        return (error.fault,)
    inputs: Json = component.get("inputDefinitions", {})
    types = {
        name: parameter_type_from_json(one) for name, one in inputs.get("parameters", {}).items()
    }
    declared = {name: kind for name, kind in types.items() if kind is not None}
    if len(declared) < len(types):
        return ()  # a type is wrong, and reported
    passed: Json = task.get("inputs", {}).get("parameters", {})
    return find_condition_faults(expression, declared, passed, inputs.get("artifacts", {}))
