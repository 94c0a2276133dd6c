"""Conditions mean what another implementation of CEL says that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings

from argosy_expressions.cel import holds, parse
from argosy_expressions.cel.ast import Call, walk_nodes
from argosy_expressions.cel.ast import Expression as Cel
from argosy_expressions.cel.evaluation import Evaluation
from argosy_expressions.errors import EvaluationError, ExpressionError
from argosy_expressions.gotext import unmarshal
from argosy_schemas.values import JsonValue
from cel_conditions import conditions, inputs, sdk_conditions

pytest.importorskip("cel_expr_python", reason="the platform has no wheel of cel-expr-python")


def _library() -> Any:
    cel = import_module("cel_expr_python.cel")
    parse_json = cel.Overload(
        "parse_json_string", cel.Type.DYN, [cel.Type.STRING], False, unmarshal
    )
    return cel.NewEnv(
        variables={"inputs": cel.Type.DYN}, functions=[cel.FunctionDecl("parseJson", [parse_json])]
    )


LIBRARY = _library()


def _native(expression: Cel, values: Mapping[str, JsonValue]) -> bool | None:
    try:
        return holds(expression, values)
    except ExpressionError:
        return None


def _by_library(expression: Cel, values: Mapping[str, JsonValue]) -> bool | None:
    # Without the library's type check, integers and doubles compare as they do here.
    program = LIBRARY.compile(expression.source, disable_check=True)
    result = program.eval(data={"inputs": {"parameter_values": _doubles(values)}})
    value = None if result.type().name() == "ERROR" else result.plain_value()
    return value if isinstance(value, bool) else None


def _doubles(value: JsonValue) -> JsonValue:
    """Return a JSON value in which all numbers are doubles."""
    match value:
        case bool() | str() | None:
            return value
        case int() | float():
            return float(value)
        case Mapping():
            return {key: _doubles(item) for key, item in value.items()}
        case _:
            return [_doubles(item) for item in value]


def _deviates(expression: Cel, values: Mapping[str, JsonValue]) -> bool:
    """Return whether a conversion is met in which the library differs from the reference, cel-go.

    It takes booleans for ``int()``, and texts with blanks around numbers and beyond a double's
    range, and not Go's ``1_0``.
    """
    for node, _ in walk_nodes(expression.root):
        if isinstance(node, Call) and node.function in ("int", "double"):
            inner = Cel(expression.source, node.argument, frozenset(), frozenset())
            try:
                value = Evaluation(inner, values, {}, {}).result()
            except EvaluationError:
                continue
            if isinstance(value, bool):
                return True
            if isinstance(value, str) and (value != value.strip() or {"_", "x"} & {*value}):
                return True
    return False


@settings(max_examples=300, deadline=None)
@given(sdk_conditions(), inputs())
def test_the_library_agrees_on_what_the_sdk_emits(
    text: str, values: Mapping[str, JsonValue]
) -> None:
    expression = parse(text)

    assert _native(expression, values) == _by_library(expression, values)


@settings(max_examples=300, deadline=None)
@given(conditions(), inputs())
def test_the_library_agrees_on_the_whole_native_grammar(
    text: str, values: Mapping[str, JsonValue]
) -> None:
    expression = parse(text)

    if not _deviates(expression, values):
        assert _native(expression, values) == _by_library(expression, values)
