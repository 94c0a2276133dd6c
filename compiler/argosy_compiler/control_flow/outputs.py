"""What the structure of a pipeline says of outputs: their types, and whether they always come."""

from __future__ import annotations

from argosy_compiler.control_flow.values import NoExpressionError
from argosy_compiler.structure import Structure
from argosy_schemas.ir.model import ParameterType, TaskOutput


def find_output_type(structure: Structure, dag: str, source: TaskOutput) -> ParameterType:
    """Return the type that the task which makes an output declares; DAGs convert nothing.

    Raises:
        NoExpressionError: It depends on which task ran.
    """
    task = structure.dag(dag).tasks[source.task]
    component = structure.component_of(task)
    if structure.claim_action(task):
        return ParameterType.STRING
    if component.dag is None or task.iterator is not None:
        spec = component.outputs.parameters.get(source.output)
        return ParameterType.LIST if spec is None else spec.type
    selectors = component.dag.outputs.parameters.get(source.output, ())
    types = {find_output_type(structure, task.component, selector) for selector in selectors}
    if len(types) > 1:
        raise NoExpressionError(f"the type of '{source.output}' depends on which task ran")
    return types.pop() if types else ParameterType.LIST


def always_yields(structure: Structure, dag: str, output: str) -> bool:
    """Return whether each run of ``dag`` yields exactly one value for ``output``."""
    outputs = structure.dag(dag).outputs
    selectors = outputs.parameters.get(output) or outputs.artifacts.get(output, ())
    if len(selectors) != 1:
        return False
    task = structure.dag(dag).tasks[selectors[0].task]
    if task.condition is not None or task.iterator is not None or task.dependencies:
        return False
    component = structure.component_of(task)
    if component.dag is None:
        spec = component.outputs.artifacts.get(selectors[0].output)
        return spec is None or not spec.is_list
    return always_yields(structure, task.component, selectors[0].output)
