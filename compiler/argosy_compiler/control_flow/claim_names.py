"""The names of the volume claims that tasks create and delete.

The rule is that of ``argosy_driver.resolving.claims``, so that readers need no record of a name.
"""

from __future__ import annotations

from typing import Protocol

from argosy_compiler.control_flow.values import Value
from argosy_compiler.structure import Structure
from argosy_expressions.terms import quote
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import ControlForm, Task
from argosy_schemas.pod import PATH_INPUT


class InputReader(Protocol):
    """Reads inputs of tasks as expressions."""

    @property
    def run_name(self) -> str:
        """The expression of the name of the run."""
        ...

    def read_input(self, dag: str, task: Task, name: str, form: ControlForm) -> Value:
        """Return input ``name`` of ``task``, in the scope of ``dag``.

        Raises:
            NoExpressionError: No expression yields it.
        """
        ...


def express_claim_name(structure: Structure, dag: str, task: Task, reader: InputReader) -> str:
    """Return the expression of the name of the volume claim that a task creates or deletes.

    Args:
        structure: Of the pipeline.
        dag: The DAG component that holds the task; the expression is for its scope.
        task: The task.
        reader: Reads the inputs from which the name is made.

    Raises:
        NoExpressionError: It depends on a value that no expression yields.
    """
    inputs = structure.component_of(task).inputs.parameters
    if "pvc_name" in task.parameters:
        name = reader.read_input(dag, task, "pvc_name", ControlForm.VALUE)
        if name.text not in ("''", "nil"):
            return name.text
    suffix = quote(task.key)
    if "pvc_name_suffix" in task.parameters and "pvc_name_suffix" in inputs:
        suffix = reader.read_input(dag, task, "pvc_name_suffix", ControlForm.VALUE).text
        suffix = f"sprig.trimPrefix('-', {suffix})"
    path = "" if dag == ROOT else f"sprig.replace('/', '-', inputs.parameters.{PATH_INPUT}) + "
    return f"sprig.lower({reader.run_name} + '-' + {path}{suffix})"
