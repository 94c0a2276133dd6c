"""Values of CEL: kinds, equality, order and conversions.

In Python an int64 is an ``int``, a double a ``float``, null ``None``. All numbers from JSON are
doubles, since KFP's values are protobuf's ``Value``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum

from argosy_expressions.cel.ast import Function
from argosy_expressions.gotext import (
    INT_MAX,
    INT_MIN,
    format_float,
    parse_float,
    parse_int,
    unmarshal,
)
from argosy_schemas.message_text import quote_text
from argosy_schemas.values import JsonValue


class ValueKind(StrEnum):
    """The kind of a value, as messages name it."""

    NULL = "null"
    BOOL = "a boolean"
    INT = "an integer"
    DOUBLE = "a number"
    TEXT = "a text"
    LIST = "a list"
    MAP = "a map"


def get_kind(value: JsonValue) -> ValueKind:
    """Return the kind of a value."""
    match value:
        case None:
            return ValueKind.NULL
        case bool():
            return ValueKind.BOOL
        case int():
            return ValueKind.INT
        case float():
            return ValueKind.DOUBLE
        case str():
            return ValueKind.TEXT
        case Mapping():
            return ValueKind.MAP
        case _:
            return ValueKind.LIST


def to_double(value: JsonValue) -> JsonValue:
    """Return a JSON value as CEL sees it: a number as a double; members are left as they are."""
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return value


def are_equal(left: JsonValue, right: JsonValue) -> bool:
    """Return whether ``left == right``: an integer may equal a double, other kinds never match."""
    match left, right:
        case (bool(), _) | (_, bool()):
            return left is right
        case int() | float(), int() | float():
            return left == right if type(left) is type(right) else float(left) == float(right)
        case str(), str():
            return left == right
        case Mapping(), Mapping():
            return left.keys() == right.keys() and all(
                are_equal(value, right[key]) for key, value in left.items()
            )
        case (str(), _) | (_, str()) | (Mapping(), _) | (_, Mapping()):
            return False
        case Sequence(), Sequence():
            return len(left) == len(right) and all(map(are_equal, left, right))
        case _:
            return left is right


def compare(left: JsonValue, right: JsonValue) -> int | None:
    """Return -1, 0 or 1 if ``left`` is less than, equal to or greater than ``right``.

    Returns:
        2 if one of two numbers is NaN, so that every comparison is false; ``None`` if the two have
        no order.
    """
    match left, right:
        case bool(), bool():
            return int(left) - int(right)
        case (bool(), _) | (_, bool()):
            return None
        case str(), str():
            return (left > right) - (left < right)
        case int(), int():
            return (left > right) - (left < right)
        case int() | float(), int() | float():
            first, second = float(left), float(right)
            if math.isnan(first) or math.isnan(second):
                return 2
            return (first > second) - (first < second)
        case _:
            return None


CONVERTIBLE: Mapping[Function, frozenset[ValueKind]] = {
    "int": frozenset({ValueKind.INT, ValueKind.DOUBLE, ValueKind.TEXT}),
    "double": frozenset({ValueKind.INT, ValueKind.DOUBLE, ValueKind.TEXT}),
    "string": frozenset({ValueKind.INT, ValueKind.DOUBLE, ValueKind.TEXT, ValueKind.BOOL}),
    "bool": frozenset({ValueKind.BOOL, ValueKind.TEXT}),
    "parseJson": frozenset({ValueKind.TEXT}),
}
"""Function to the kinds that it takes; anything else, also null, is an error."""

TRUE_TEXTS = ("1", "t", "T", "TRUE", "true", "True")
FALSE_TEXTS = ("0", "f", "F", "FALSE", "false", "False")


def convert(function: Function, value: JsonValue) -> JsonValue:
    """Return the result of a conversion.

    Raises:
        ValueError: The value cannot be converted; the message continues after "int() ".
    """
    kind = get_kind(value)
    if kind not in CONVERTIBLE[function]:
        raise ValueError(f"does not take {kind}")
    match function, value:
        case "int", float():
            # As in cel-go: the bounds themselves are out of range.
            if not INT_MIN < value < INT_MAX + 1:
                raise ValueError("does not take a number beyond 64 bits")
            return int(value)
        case "int", str():
            return _require(parse_int(value), f"cannot read {quote_text(value)} as an integer")
        case "double", int():
            return float(value)
        case "double", str():
            return _require(parse_float(value), f"cannot read {quote_text(value)} as a number")
        case "string", bool():
            return "true" if value else "false"
        case "string", float():
            return format_float(value)
        case "string", int():
            return str(value)
        case "bool", str():
            if value not in TRUE_TEXTS and value not in FALSE_TEXTS:
                raise ValueError(f"cannot read {quote_text(value)} as true or false")
            return value in TRUE_TEXTS
        case "parseJson", str():
            return _parse(value)
        case _:
            return value


def _require(value: float | None, problem: str) -> JsonValue:
    if value is None:
        raise ValueError(problem)
    return value


def _parse(text: str) -> JsonValue:
    try:
        return unmarshal(text)
    except ValueError as error:
        raise ValueError(f"cannot read {quote_text(text)} as JSON") from error
