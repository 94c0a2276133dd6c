"""CEL: the language of KFP's conditions and parameter selectors.

What the KFP SDK emits, and a little around it, is parsed, checked and evaluated here. The rest of
CEL goes to a library that is imported when an expression needs it (:mod:`.library`).

>>> condition = parse("int(inputs.parameter_values['n']) > 3")
>>> check(condition, {"n": ParameterType.NUMBER_INTEGER})
()
>>> holds(condition, {"n": 4})
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from argosy_expressions.cel.ast import Expression
from argosy_expressions.errors import Fault
from argosy_schemas.ir import ParameterType
from argosy_schemas.values import JsonValue

__all__ = ["Artifacts", "Expression", "check", "evaluate", "holds", "parse", "select"]

Artifacts = Mapping[str, Sequence[Mapping[str, JsonValue]]]
"""Input name to its artifacts, each with ``name``, ``uri``, ``type``, ``metadata``."""


def parse(text: str) -> Expression:
    """Return the syntax tree of a CEL expression; parsed ones are kept.

    Raises:
        ExpressionSyntaxError: The text is not CEL.
    """
    raise NotImplementedError


def check(
    expression: Expression,
    parameters: Mapping[str, ParameterType],
    artifacts: frozenset[str] = frozenset(),
) -> tuple[Fault, ...]:
    """Return all that is wrong with a condition over these inputs, in the order of the text.

    An input that does not exist, a result that is not boolean, an operation that fails on all
    values of the declared types. Empty means that only values can make it fail.
    """
    raise NotImplementedError


def evaluate(
    expression: Expression,
    parameters: Mapping[str, JsonValue],
    artifacts: Artifacts | None = None,
) -> JsonValue:
    """Return the value of ``expression`` over the resolved inputs of a task.

    Raises:
        EvaluationError: An unknown key, a failed conversion, operands without an order.
        MissingLibraryError: The expression is outside the SDK's grammar, and no library is here.
    """
    raise NotImplementedError


def holds(
    expression: Expression,
    parameters: Mapping[str, JsonValue],
    artifacts: Artifacts | None = None,
) -> bool:
    """Return the outcome of a condition.

    Raises:
        EvaluationError: As :func:`evaluate`, and when the result is not a boolean.
        MissingLibraryError: As :func:`evaluate`.
    """
    raise NotImplementedError


def select(selector: str, value: JsonValue, text: str) -> JsonValue:
    """Return what a ``parameterExpressionSelector`` picks from ``value``.

    Args:
        selector: Usually ``parseJson(string_value)["key"]``.
        value: The resolved value.
        text: The text form of ``value``, what ``string_value`` stands for.

    Raises:
        ExpressionSyntaxError: The selector is not CEL.
        EvaluationError: No such key, a field that is not set, text that is not JSON.
        MissingLibraryError: The selector is outside the SDK's grammar, and no library is here.
    """
    raise NotImplementedError
