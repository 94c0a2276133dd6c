"""CEL, as tasks use it: conditions, and selectors of parts of a value.

Apart from the rest, so that only tasks which need CEL load it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from argosy_expressions.cel import holds, parse, select
from argosy_expressions.errors import ExpressionError, MissingLibraryError
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.parameters import to_text
from argosy_schemas.records import Reason
from argosy_schemas.values import JsonValue


def condition_holds(
    condition: str,
    *,
    parameters: Mapping[str, JsonValue],
    artifacts: Mapping[str, Sequence[Mapping[str, JsonValue]]],
    what: str,
) -> bool:
    """Return the outcome of a condition.

    Args:
        condition: CEL over the inputs of a task.
        parameters: Of the task.
        artifacts: Of the task, each as a ``RuntimeArtifact``.
        what: For messages.

    Raises:
        FinalTaskError: It cannot be evaluated; never to be taken for false.
    """
    try:
        return holds(parse(condition), parameters, artifacts)
    except (ExpressionError, MissingLibraryError) as error:
        raise FinalTaskError(f"{what}: {error}", reason=Reason.CONDITION_FAILED) from error


def selected(selector: str, value: JsonValue, *, what: str) -> JsonValue:
    """Return what a ``parameterExpressionSelector`` picks from a value.

    Args:
        selector: CEL over the fields of protobuf's ``Value``.
        value: The value.
        what: For messages.

    Raises:
        FinalTaskError: There is no such part.
    """
    try:
        return select(selector, value, to_text(value))
    except (ExpressionError, MissingLibraryError) as error:
        raise FinalTaskError(f"{what}: {error}", reason=Reason.INVALID_INPUT) from error
