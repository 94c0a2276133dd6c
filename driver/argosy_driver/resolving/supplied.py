"""What is made of a value that a task passes to its component, or does not pass.

``ir-semantics`` 2.2 to 2.4. Three things that an author can mean by nothing, and what each kind of
component makes of it:

* the input is optional: its default; without one ``null`` for a DAG, nothing at all for a
  container, so that the default in the component's own code applies
* it is not optional and has a default: that
* it is not optional and has none: a DAG hands ``null`` on, since the SDK never marks the inputs of
  its groups (``dsl.If``, ``dsl.ParallelFor``) optional; a container cannot run
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


def without_value(
    value: Unset | None,
    spec: ParameterSpec,
    node: TaskPosition,
    name: str,
    *,
    is_constant: bool = False,
) -> JsonValue | Unset:
    """Return what a declared input is to be; ``UNSET``: leave it out.

    Args:
        value: ``UNSET``: nothing was supplied; ``None``: ``null`` was.
        spec: Declares the input.
        node: Whose input it is.
        name: Of the input.
        is_constant: Whether the pipeline's author wrote the ``null``.

    Raises:
        FinalTaskError: A container needs the input.
    """
    if spec.default is not UNSET and (spec.optional or not node.has_dag or value is UNSET):
        return spec.default
    if spec.optional:
        if spec.type is ParameterType.TASK_FINAL_STATUS and not node.has_dag:
            # There was no task whose status it could be; the SDK reads members of it all the same.
            return {}
        return None if node.has_dag else UNSET
    if value is None:
        if node.has_dag:
            return None
        if is_constant and spec.type is ParameterType.STRING:
            return ""
        raise _invalid(node, name, "is null; pass a value or make the input optional")
    raise _invalid(node, name, "has neither value nor default; pass a value")


def check_literals(value: JsonValue, spec: ParameterSpec, node: TaskPosition, name: str) -> None:
    """Check a value against the literals of its input, if there are any.

    Raises:
        FinalTaskError: It is none of them.
    """
    if not is_literal(value, spec.literals):
        allowed = ", ".join(to_json(literal) for literal in spec.literals)
        raise _invalid(
            node, name, f"is {truncate(to_json(value))}, not one of {allowed}; pass one of them"
        )


def coerced(value: JsonValue, spec: ParameterSpec, node: TaskPosition, name: str) -> JsonValue:
    """Return a value as its declared type.

    Raises:
        FinalTaskError: It is of another kind.
    """
    try:
        return coerce(value, spec.type)
    except ParameterValueError as error:
        raise _invalid(node, name, f"{error}; pass a value of that type") from error


def items_of(value: JsonValue | Unset, head: TaskPosition, name: str) -> tuple[JsonValue, ...]:
    """Return the items of a loop: those of a list, or of the JSON text of a list.

    Raises:
        FinalTaskError: It is neither.
    """
    what: object = value
    if isinstance(value, str):
        try:
            what = normalize(json.loads(value))
        except ValueError:
            what = None
    if not isinstance(what, (list, tuple)):
        kind = "missing" if value is UNSET else "null" if value is None else "not a list"
        raise FinalTaskError(
            f"task '{head.path}': input '{name}' holds the items of the loop and is {kind}; "
            "pass a list",
            reason=Reason.CONDITION_FAILED,
        )
    return tuple(what)


def check_artifact_missing(spec: ArtifactSpec | None, node: TaskPosition, name: str) -> None:
    """Check that an input artifact may be missing.

    A DAG hands on that there is nothing: the SDK marks no input of a group optional.

    Raises:
        FinalTaskError: A container needs it.
    """
    if not node.has_dag and spec is not None and not spec.optional:
        raise FinalTaskError(
            f"task '{node.path}': input artifact '{name}' is missing; pass one or make the "
            "input optional",
            reason=Reason.INVALID_INPUT,
        )


def not_put_out(node: TaskPosition, name: str, source: TaskOutput) -> FinalTaskError:
    """Return the error for an input whose producer ended without it."""
    return FinalTaskError(
        f"task '{node.path}': input '{name}' comes from output '{source.output}' of task "
        f"'{source.task}', which did not put it out; see what became of that task",
        reason=Reason.UPSTREAM,
    )


def _invalid(node: TaskPosition, name: str, problem: str) -> FinalTaskError:
    return FinalTaskError(
        f"task '{node.path}': input '{name}' {problem}", reason=Reason.INVALID_INPUT
    )
