"""Values of expr-lang: equality, order, arithmetic, as Go does them.

``int`` is Go's ``int`` of 64 bits, ``float`` its ``float64``; ``fromJSON`` gives floats, ``len``
and literals integers. Problems are :class:`ValueError`, whose message begins with a noun.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from argosy_schemas.values import JsonValue


def type_name(value: JsonValue) -> str:
    """Return what expr-lang's ``type()`` does."""
    match value:
        case None:
            return "nil"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "string"
        case Mapping():
            return "map"
        case _:
            return "array"


def is_number(value: JsonValue) -> bool:
    """Return whether ``value`` is an integer or a float, and no boolean."""
    return type(value) is float or type(value) is int


def equal(left: JsonValue, right: JsonValue) -> bool:
    """Return whether ``left == right``: numbers compare across kinds, other kinds never."""
    kind = type(left)
    if kind is str or kind is bool or left is None:
        return type(right) is kind and left == right
    if isinstance(left, int | float):
        if not isinstance(right, int | float) or isinstance(right, bool):
            return False
        return left == right if type(right) is kind else float(left) == float(right)
    if isinstance(left, Mapping):
        return isinstance(right, Mapping) and _deep_equal(left, right)
    if isinstance(left, str) or not isinstance(right, Sequence) or isinstance(right, str):
        return False
    return len(left) == len(right) and all(map(equal, left, right))


def _deep_equal(left: JsonValue, right: JsonValue) -> bool:
    # reflect.DeepEqual, which Go takes for maps: here 1 and 1.0 differ.
    match left, right:
        case Mapping(), Mapping():
            return left.keys() == right.keys() and all(
                _deep_equal(value, right[key]) for key, value in left.items()
            )
        case (str(), _) | (_, str()) | (Mapping(), _) | (_, Mapping()):
            return type(left) is type(right) and left == right
        case Sequence(), Sequence():
            return len(left) == len(right) and all(map(_deep_equal, left, right))
        case _:
            return type(left) is type(right) and left == right


def less(left: JsonValue, right: JsonValue, *, or_equal: bool) -> bool:
    """Return whether ``left < right``, or ``left <= right``.

    Raises:
        ValueError: They are neither two numbers nor two texts.
    """
    if isinstance(left, str) and isinstance(right, str):
        return left <= right if or_equal else left < right
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        raise _mismatch("<=" if or_equal else "<", left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        raise _mismatch("<=" if or_equal else "<", left, right)
    if type(left) is not type(right):
        left, right = float(left), float(right)
    return left <= right if or_equal else left < right


def contains(container: JsonValue, needle: JsonValue) -> bool:
    """Return whether ``needle in container``.

    Raises:
        ValueError: ``container`` is no list, map or null, or the key of a map is no text.
    """
    match container:
        case None:
            return False
        case Mapping() if needle is None:
            return "" in container
        case Mapping() if isinstance(needle, str):
            return needle in container
        case str() | bool() | int() | float() | Mapping():
            raise ValueError(f"'in' of {type_name(needle)} and {type_name(container)}")
        case _:
            return any(equal(item, needle) for item in container)


def calculated(operator: str, left: JsonValue, right: JsonValue) -> JsonValue:
    """Return the result of ``+``, ``-``, ``*``, ``/`` or ``%``.

    Raises:
        ValueError: The operands do not go together.
    """
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    if not is_number(left) or not is_number(right):
        raise _mismatch(operator, left, right)
    if type(left) is int and type(right) is int and operator != "/":
        return _integer(operator, left, right)
    if operator == "%":
        raise _mismatch(operator, left, right)
    first, second = _float(left), _float(right)
    match operator:
        case "+":
            return first + second
        case "-":
            return first - second
        case "*":
            return first * second
        case _:
            return _divided(first, second)


def _integer(operator: str, left: int, right: int) -> int:
    match operator:
        case "+":
            return _wrapped(left + right)
        case "-":
            return _wrapped(left - right)
        case "*":
            return _wrapped(left * right)
        case _:
            if right == 0:
                raise ValueError("'%' by zero")
            # Go's remainder has the sign of the dividend.
            return int(math.copysign(1, left)) * (abs(left) % abs(right))


def _wrapped(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


def _divided(left: float, right: float) -> float:
    if right:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def _float(value: JsonValue) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _mismatch(operator: str, left: JsonValue, right: JsonValue) -> ValueError:
    return ValueError(f"'{operator}' of {type_name(left)} and {type_name(right)}")
