"""CEL: the language of KFP's conditions and parameter selectors.

This package parses, checks and evaluates what the KFP SDK emits, and a little more. It refuses the
rest of CEL by name: no pipeline that the SDK compiles has any of it (ADR 19).

>>> from argosy_schemas.ir.model import ParameterType
>>> condition = parse("int(inputs.parameter_values['n']) > 3")
>>> check(condition, {"n": ParameterType.NUMBER_INTEGER})
()
>>> holds(condition, {"n": 4})
True
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from argosy_expressions.cel.ast import Expression
from argosy_expressions.cel.checking import Check
from argosy_expressions.cel.evaluation import Evaluation
from argosy_expressions.cel.parser import parse
from argosy_expressions.cel.values import get_kind
from argosy_expressions.errors import EvaluationError, Fault
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.values import JsonValue, normalize

__all__ = ["Artifacts", "Expression", "check", "evaluate", "holds", "parse", "select"]

Artifacts: TypeAlias = Mapping[str, Sequence[Mapping[str, JsonValue]]]
"""Input name to its artifacts, each with ``name``, ``uri``, ``type``, ``metadata``."""


def check(
    expression: Expression,
    parameters: Mapping[str, ParameterType],
    artifacts: Collection[str] = (),
) -> tuple[Fault, ...]:
    """Return the faults of a condition over these inputs, in the order of the text.

    A fault is an input that does not exist, a result that is not boolean, or an operation that
    fails on all values of the declared types. Empty means that only particular values make the
    condition fail.
    """
    return Check(expression, parameters, artifacts).faults()


def evaluate(
    expression: Expression,
    parameters: Mapping[str, JsonValue],
    artifacts: Artifacts | None = None,
) -> JsonValue:
    """Return the value of ``expression`` over the resolved inputs of a task.

    Raises:
        EvaluationError: A key is unknown, a conversion fails, or two operands have no order.
    """
    return normalize(Evaluation(expression, parameters, artifacts or {}, {}).result())


def holds(
    expression: Expression,
    parameters: Mapping[str, JsonValue],
    artifacts: Artifacts | None = None,
) -> bool:
    """Return whether a condition is true.

    Raises:
        EvaluationError: As :func:`evaluate`, or the result is not a boolean.
    """
    value = evaluate(expression, parameters, artifacts)
    if not isinstance(value, bool):
        message = f"A condition must be true or false, not {get_kind(value)}"
        raise EvaluationError(message, expression.source, expression.root.span)
    return value


def select(selector: str, value: JsonValue, text: str) -> JsonValue:
    """Return what a ``parameterExpressionSelector`` picks from ``value``.

    Args:
        selector: Usually ``parseJson(string_value)["key"]``.
        value: The resolved value.
        text: The text form of ``value``: the variable ``string_value``.

    Raises:
        ExpressionSyntaxError: The selector is not CEL.
        UnsupportedExpressionError: It is CEL that the SDK never emits.
        EvaluationError: A key does not exist, a field is not set, or a text is not JSON.
    """
    expression = parse(selector)
    # The fields of protobuf's Value: the one that is set, and the text in any case.
    names = {_field(value): value, "string_value": text}
    return normalize(Evaluation(expression, {}, {}, names).result())


def _field(value: JsonValue) -> str:
    match value:
        case None:
            return "null_value"
        case bool():
            return "bool_value"
        case int() | float():
            return "number_value"
        case str():
            return "string_value"
        case Mapping():
            return "struct_value"
        case _:
            return "list_value"
