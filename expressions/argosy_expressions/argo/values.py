"""Values of expr-lang: equality, order, arithmetic, as Go does them.

``int`` is Go's 64-bit ``int``, ``float`` its ``float64``; ``fromJSON`` gives floats, ``len``
and literals give integers. Functions raise :class:`ValueError` for operands that do not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import add, mul, sub
from typing import Any

from argosy_schemas.values import JsonValue


def get_type_name(value: JsonValue) -> str:
    """Return the result of expr-lang's ``type()``."""
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
    """Return whether ``value`` is an integer or a float, but not a boolean."""
    return type(value) is float or type(value) is int


def is_equal(left: JsonValue, right: JsonValue) -> bool:
    """Return whether ``left == right``: an integer may equal a float, other kinds never match."""
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
    return len(left) == len(right) and all(map(is_equal, left, right))


def _deep_equal(left: JsonValue, right: JsonValue) -> bool:
    # Go compares maps with reflect.DeepEqual, for which 1 and 1.0 differ.
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


def is_less(left: JsonValue, right: JsonValue, *, or_equal: bool) -> bool:
    """Return whether ``left < right``, or ``left <= right``.

    Raises:
        ValueError: The operands are neither two numbers nor two strings.
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
        ValueError: ``container`` is not a list, map or null, or ``needle`` is not a string and
            ``container`` is a map.
    """
    match container:
        case None:
            return False
        case Mapping() if needle is None:
            return "" in container
        case Mapping() if isinstance(needle, str):
            return needle in container
        case str() | bool() | int() | float() | Mapping():
            raise ValueError(f"'in' of {get_type_name(needle)} and {get_type_name(container)}")
        case _:
            return any(is_equal(item, needle) for item in container)


def calculate(operator: str, left: JsonValue, right: JsonValue) -> JsonValue:
    """Return the result of ``+``, ``-`` or ``*``.

    Raises:
        ValueError: The operator does not take these operands.
    """
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, bool) or not isinstance(left, int | float):
        raise _mismatch(operator, left, right)
    if isinstance(right, bool) or not isinstance(right, int | float):
        raise _mismatch(operator, left, right)
    if type(left) is int and type(right) is int:
        return (_OPERATIONS[operator](left, right) + 2**63) % 2**64 - 2**63
    return _OPERATIONS[operator](float(left), float(right))


_OPERATIONS: Mapping[str, Callable[[Any, Any], int | float]] = {"+": add, "-": sub, "*": mul}


def _mismatch(operator: str, left: JsonValue, right: JsonValue) -> ValueError:
    return ValueError(f"'{operator}' of {get_type_name(left)} and {get_type_name(right)}")
