"""What an input becomes when it was not supplied, or is ``null``.

``ir-semantics`` 2.2. Three things an author can mean by nothing, and what each kind of component
makes of it:

* the input is optional: its default; without one ``null`` for a DAG, nothing at all for a
  container, so that the default in the component's own code applies
* it is not optional and has a default: that
* it is not optional and has none: a DAG hands ``null`` on, since the SDK never marks the inputs of
  its groups (``dsl.If``, ``dsl.ParallelFor``) optional; a container cannot run
"""

from __future__ import annotations

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.ir import ParameterSpec, ParameterType
from argosy_schemas.names import TaskPath
from argosy_schemas.records import Reason
from argosy_schemas.values import UNSET, JsonValue, Unset


def without_value(
    value: Unset | None,
    spec: ParameterSpec,
    *,
    is_dag: bool,
    is_constant: bool,
    task_path: TaskPath,
    name: str,
) -> JsonValue | Unset:
    """Return what a declared input is to be; ``UNSET``: leave it out.

    Args:
        value: ``UNSET``: nothing was supplied; ``None``: ``null`` was.
        spec: Declares the input.
        is_dag: Whether the component holds tasks.
        is_constant: Whether the pipeline's author wrote the ``null``.
        task_path: For messages.
        name: Of the input.

    Raises:
        FinalTaskError: A container needs the input.
    """
    if spec.default is not UNSET and (spec.optional or not is_dag or value is UNSET):
        return spec.default
    if spec.optional:
        return None if is_dag else UNSET
    if value is None:
        if is_dag:
            return None
        if is_constant and spec.type is ParameterType.STRING:
            return ""
        raise FinalTaskError(
            f"task '{task_path}': input '{name}' is null; pass a value or make the input optional",
            reason=Reason.INVALID_INPUT,
        )
    raise FinalTaskError(
        f"task '{task_path}': input '{name}' has neither value nor default; pass a value",
        reason=Reason.INVALID_INPUT,
    )
