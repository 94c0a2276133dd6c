"""Checks and conversions of the values that a task passes to its component.

Sources: ``ir-semantics`` 2.2 to 2.4. If the task passes no value, or ``null``:

* An optional input gets its default. Without a default it is ``null`` for a DAG and absent for a
  container, so that the default in the component's own code applies; a container's final status is
  an empty object.
* A required input gets its default, if it has one.
* A required input without a default is ``null`` for a DAG, because the SDK never marks the inputs
  of its groups (``dsl.If``, ``dsl.ParallelFor``) optional. A container cannot run.

A DAG keeps the JSON value of an input that it declares STRING, and each reader converts it: the SDK
declares the items of a list so whose types it does not know.
"""

from __future__ import annotations

import json

from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.ir.model import ArtifactSpec, ParameterSpec, ParameterType, TaskOutput
from argosy_schemas.ir.parameters import ParameterValueError, coerce, is_literal
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.message_text import truncate
from argosy_schemas.values import UNSET, JsonValue, Unset, normalize, to_json


def resolve_missing_value(
    value: Unset | None,
    spec: ParameterSpec,
    position: TaskPosition,
    name: str,
    *,
    is_constant: bool = False,
) -> JsonValue | Unset:
    """Return the value of a declared input that has none; ``UNSET``: leave the input out.

    Args:
        value: ``UNSET`` if the task passes no value, ``None`` if it passes ``null``.
        spec: The declaration of the input.
        position: The task.
        name: The name of the input.
        is_constant: Whether the author of the pipeline wrote the ``null``.

    Raises:
        FinalTaskError: A container requires the input.
    """
    if spec.default is not UNSET and (spec.optional or not position.has_dag or value is UNSET):
        return spec.default
    if spec.optional:
        if spec.type is ParameterType.TASK_FINAL_STATUS and not position.has_dag:
            # There is no task whose status it could be, and the SDK reads members of it regardless.
            return {}
        return None if position.has_dag else UNSET
    if value is None:
        if position.has_dag:
            return None
        if is_constant and spec.type is ParameterType.STRING:
            return ""
        raise _invalid(position, name, "is null; pass a value or make the input optional")
    raise _invalid(position, name, "has neither value nor default; pass a value")


def check_literals(
    value: JsonValue, spec: ParameterSpec, position: TaskPosition, name: str
) -> None:
    """Check that a value is one of the literals of its input, if the input declares any.

    Raises:
        FinalTaskError: It is not.
    """
    if not is_literal(value, spec.literals):
        allowed = ", ".join(to_json(literal) for literal in spec.literals)
        shown = truncate(to_json(value))
        raise _invalid(position, name, f"is {shown}, not one of {allowed}; pass one of them")


def coerce_value(
    value: JsonValue, spec: ParameterSpec, position: TaskPosition, name: str
) -> JsonValue:
    """Return a value converted to the declared type of its input; for a STRING of a DAG, as it is.

    Raises:
        FinalTaskError: The value cannot be converted.
    """
    if position.has_dag and spec.type is ParameterType.STRING:
        return normalize(value)
    try:
        return coerce(value, spec.type)
    except ParameterValueError as error:
        raise _invalid(position, name, f"{error}; pass a value of that type") from error


def parse_items(value: JsonValue | Unset, loop: TaskPosition, name: str) -> tuple[JsonValue, ...]:
    """Return the items of a loop from a list, or from the JSON text of a list.

    Raises:
        FinalTaskError: The value is neither.
    """
    items: object = value
    if isinstance(value, str):
        try:
            items = normalize(json.loads(value))
        except ValueError:
            items = None
    if not isinstance(items, (list, tuple)):
        kind = "missing" if value is UNSET else "null" if value is None else "not a list"
        raise FinalTaskError(
            f"task '{loop.path}': input '{name}' holds the items of the loop and is {kind}; "
            "pass a list",
            reason=Reason.CONDITION_FAILED,
        )
    return tuple(items)


def check_missing_artifact(spec: ArtifactSpec | None, position: TaskPosition, name: str) -> None:
    """Check that the component can do without an input artifact.

    A DAG always can: the SDK marks no input of a group optional.

    Raises:
        FinalTaskError: A container requires the artifact.
    """
    if not position.has_dag and spec is not None and not spec.optional:
        raise FinalTaskError(
            f"task '{position.path}': input artifact '{name}' is missing; pass one or make the "
            "input optional",
            reason=Reason.INVALID_INPUT,
        )


def make_missing_output_error(
    position: TaskPosition, name: str, source: TaskOutput
) -> FinalTaskError:
    """Return the error for an input whose upstream task ended without the output."""
    return FinalTaskError(
        f"task '{position.path}': input '{name}' comes from output '{source.output}' of task "
        f"'{source.task}', which ended without it; look at the outcome of that task",
        reason=Reason.UPSTREAM,
    )


def _invalid(position: TaskPosition, name: str, problem: str) -> FinalTaskError:
    return FinalTaskError(
        f"task '{position.path}': input '{name}' {problem}", reason=Reason.INVALID_INPUT
    )
