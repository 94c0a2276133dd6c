"""Conditions of tasks and selectors of parts of a value, both in CEL.

A module of its own, so that only tasks which need CEL import it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from argosy_expressions.cel import holds, parse, select
from argosy_expressions.errors import EvaluationError, ExpressionError
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import Artifact, Reason
from argosy_schemas.ir.parameters import to_text
from argosy_schemas.message_text import to_one_line
from argosy_schemas.values import JsonValue, to_json


def evaluate_condition(
    condition: str,
    *,
    parameters: Mapping[str, JsonValue],
    artifacts: Mapping[str, Sequence[Mapping[str, JsonValue]]],
    what: str,
) -> bool:
    """Return whether a condition holds.

    Args:
        condition: CEL over the inputs of a task.
        parameters: The input parameters of the task.
        artifacts: The input artifacts of the task, each as a ``RuntimeArtifact``.
        what: The subject of error messages.

    Raises:
        FinalTaskError: The condition cannot be evaluated, which never counts as false.
    """
    try:
        return holds(parse(condition), parameters, artifacts)
    except EvaluationError as error:
        inputs = _inputs(sorted(parse(condition).parameters), parameters)
        raise FinalTaskError(f"{what}: {error}{inputs}", reason=Reason.CONDITION_FAILED) from error
    except FinalTaskError as error:
        # The condition reads an input that cannot be resolved.
        read = f"{error} (the condition '{to_one_line(' '.join(condition.split()))}' reads it)"
        raise FinalTaskError(read, reason=error.reason) from error
    except ExpressionError as error:
        raise FinalTaskError(f"{what}: {error}", reason=Reason.CONDITION_FAILED) from error


def make_runtime_artifact(artifact: Artifact) -> Mapping[str, JsonValue]:
    """Return an artifact as conditions read it: the fields of a ``RuntimeArtifact``."""
    return {
        "name": artifact.name,
        "uri": artifact.uri,
        "type": {"schemaTitle": artifact.type.schema_title},
        "metadata": artifact.metadata,
    }


def _inputs(names: Sequence[str], parameters: Mapping[str, JsonValue]) -> str:
    """Return what to do about the inputs that a condition fails on, as the end of a sentence."""
    values = {name: parameters[name] for name in names if name in parameters}
    if not values:
        return ""
    if nulls := [f"'{name}'" for name, value in values.items() if value is None]:
        several = len(nulls) > 1
        return (
            f"; input{'s' * several} {' and '.join(nulls)} {'are' if several else 'is'} null, "
            f"pass {'values' if several else 'a value'}"
        )
    shown = ", ".join(
        f"'{name}' is {to_one_line(to_json(value))}" for name, value in values.items()
    )
    return f"; input {shown}: pass what the condition takes"


def select_value(selector: str, value: JsonValue, *, what: str) -> JsonValue:
    """Return what a ``parameterExpressionSelector`` picks from a value.

    Args:
        selector: CEL over the fields of protobuf's ``Value``.
        value: The value.
        what: The subject of error messages.

    Raises:
        FinalTaskError: The value has no such part.
    """
    try:
        return select(selector, value, to_text(value))
    except ExpressionError as error:
        raise FinalTaskError(f"{what}: {error}", reason=Reason.INVALID_INPUT) from error
