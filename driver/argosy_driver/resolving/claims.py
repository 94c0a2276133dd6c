"""Volume claims that a pipeline makes and removes: the outputs of ``CreatePVC``, ``DeletePVC``.

The workflow makes the claim itself (a ``resource`` template), so no pod writes a record of it. Its
only output, ``name``, follows from the workflow's name and the inputs; the compiler emits the same
rule as an expression:

* ``pvc_name``, if it is not empty
* else ``<workflow>-<path of the DAG, slashes as dashes>-<pvc_name_suffix>``, in lower case; the
  path is empty for the pipeline itself, so there the name is ``<workflow>-<suffix>``, as documented
  by the SDK. Below it the path keeps the claims of a loop's iterations apart.
* without a suffix, the key of the task in its place
"""

from __future__ import annotations

from typing import Final

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.model import (
    CREATE_CLAIM_IMAGE,
    DELETE_CLAIM_IMAGE,
    Component,
    ContainerExecutor,
)
from argosy_schemas.names import TaskPath
from argosy_schemas.values import JsonValue

NAME_OUTPUT: Final = "name"


def is_claim(component: Component) -> bool:
    """Return whether the component makes or removes a volume claim."""
    executor = component.executor
    return isinstance(executor, ContainerExecutor) and executor.image in (
        CREATE_CLAIM_IMAGE,
        DELETE_CLAIM_IMAGE,
    )


def make_claim_name(
    workflow: str, task_path: TaskPath, *, pvc_name: JsonValue, pvc_name_suffix: JsonValue
) -> str:
    """Return the name of the claim that a ``CreatePVC`` task makes.

    Args:
        workflow: The name of the workflow.
        task_path: The task.
        pvc_name: Its input; anything but text counts as not given.
        pvc_name_suffix: As ``pvc_name``.

    Raises:
        FinalTaskError: Both inputs are given.
    """
    name = pvc_name if isinstance(pvc_name, str) else ""
    suffix = pvc_name_suffix if isinstance(pvc_name_suffix, str) else ""
    if name and suffix:
        raise FinalTaskError(
            f"task '{task_path}': 'pvc_name' and 'pvc_name_suffix' are both given; give one",
            reason=Reason.INVALID_INPUT,
        )
    if name:
        return name
    *dag, key = task_path.split("/")
    return "-".join((workflow, *dag, suffix.removeprefix("-") or key)).lower()
