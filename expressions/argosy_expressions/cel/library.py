"""Evaluate expressions with :class:`~.ast.Foreign` nodes by a CEL library.

``cel-expr-python`` wraps Google's C++ evaluator. It is imported when an expression needs it; no
expression that the SDK emits does. The library's type check is off, so that integers and doubles
compare as they do in :mod:`.evaluation`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Protocol, cast

from argosy_expressions.cel.ast import Expression
from argosy_expressions.errors import EvaluationError, ExpressionSyntaxError, MissingLibraryError
from argosy_expressions.gotext import unmarshal
from argosy_schemas.values import JsonValue

PACKAGE = "cel-expr-python"


class _Type(Protocol):
    """A class of the library, which ships no type annotations."""

    def name(self) -> str: ...


class _Result(Protocol):
    def type(self) -> _Type: ...
    def value(self) -> object: ...
    def plain_value(self) -> object: ...


class _Program(Protocol):
    def eval(self, *, data: Mapping[str, JsonValue]) -> _Result: ...


class _Library(Protocol):
    def compile(self, expression: str, *, disable_check: bool) -> _Program: ...


def evaluate(expression: Expression, variables: Mapping[str, JsonValue]) -> JsonValue:
    """Return the value of ``expression`` over top-level variables.

    Raises:
        ExpressionSyntaxError: The library cannot parse the expression.
        EvaluationError: The expression fails, or its result is not JSON.
        MissingLibraryError: The library is not installed.
    """
    program = _program(expression)
    doubles = {name: _doubles(value) for name, value in variables.items()}
    result = program.eval(data=doubles)
    if result.type().name() == "ERROR":
        raise EvaluationError(str(result.value()), expression.source, expression.root.span)
    return _json(result.plain_value(), expression)


@lru_cache(maxsize=256)
def _program(expression: Expression) -> _Program:
    try:
        return _environment().compile(expression.source, disable_check=True)
    except ImportError as error:
        raise MissingLibraryError(
            f"The expression '{expression.source}' uses {expression.foreign}, which needs a CEL"
            f" library; install '{PACKAGE}'"
        ) from error
    except RuntimeError as error:
        # The other lines of the library's message draw the position.
        problem = str(error).partition("\n")[0]
        raise ExpressionSyntaxError(problem, expression.source, expression.root.span) from error


@lru_cache(maxsize=1)
def _environment() -> _Library:
    # The import takes 90 ms and 13 MB, and hardly any expression needs it.
    cel = import_module("cel_expr_python.cel")
    text, any_ = cel.Type.STRING, cel.Type.DYN
    parse_json = cel.Overload("parse_json_string", any_, [text], False, unmarshal)
    fields = ("null_value", "number_value", "string_value", "bool_value")
    library: _Library = cel.NewEnv(
        variables=dict.fromkeys(("inputs", "outputs", "struct_value", "list_value", *fields), any_),
        functions=[cel.FunctionDecl("parseJson", [parse_json])],
    )
    return library


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


def _json(value: object, expression: Expression) -> JsonValue:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            members = cast(Mapping[object, object], value)
            return {_key(key, expression): _json(item, expression) for key, item in members.items()}
        case bytes() | bytearray() | datetime.datetime() | datetime.timedelta():
            pass
        case Sequence():
            return [_json(item, expression) for item in cast(Sequence[object], value)]
        case _:
            pass
    raise EvaluationError(
        f"The result holds {type(value).__name__}, which is not JSON",
        expression.source,
        expression.root.span,
    )


def _key(key: object, expression: Expression) -> str:
    if not isinstance(key, str):
        message = f"The result has the key {key}, but keys in JSON are strings"
        raise EvaluationError(message, expression.source, expression.root.span)
    return key
