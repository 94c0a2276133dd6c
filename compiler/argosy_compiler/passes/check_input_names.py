"""Refuse what no workflow can say: names of parameters outside Argo's grammar, or taken."""

from __future__ import annotations

from dataclasses import replace

from argosy_compiler.argo.expressions import ITEMS_PARAMETER
from argosy_compiler.argo.names import is_parameter_name
from argosy_compiler.plan import Plan
from argosy_schemas.errors import Problem
from argosy_schemas.pod import CACHE_PARAMETER, IR_PARAMETER, ROOT_PARAMETER, STORE_PARAMETER

_OURS = (IR_PARAMETER, STORE_PARAMETER, ROOT_PARAMETER, CACHE_PARAMETER)


def check_input_names(plan: Plan) -> Plan:
    """Return the plan with the inputs that cannot be parameters of a workflow as problems."""
    inputs = plan.pipeline.root.inputs
    problems = [
        Problem(
            path=f"root.inputDefinitions.{group}.{name}",
            message=f"'{name}' {problem}",
        )
        for group, names in (("parameters", inputs.parameters), ("artifacts", inputs.artifacts))
        for name in names
        if (problem := _problem(name))
    ]
    problems += [
        Problem(
            path=f"root.inputDefinitions.artifacts.{name}",
            message=f"'{name}' is a parameter as well, and both would be the same parameter of the "
            "workflow; rename one",
        )
        for name in inputs.artifacts
        if name in inputs.parameters
    ]
    return replace(plan, problems=(*plan.problems, *problems))


def _problem(name: str) -> str | None:
    if name in _OURS or name.startswith(ITEMS_PARAMETER):
        return "is the name of a parameter of Argosy's own; rename the input"
    if not is_parameter_name(name):
        return "is no parameter name for Argo; use letters, digits, '-' and '_'"
    return None
