"""The functions that the compiler emits, as expr-lang, Argo and sprig define them.

A function that fails raises :class:`ValueError`; the message begins with the function's name.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import lru_cache

from argosy_expressions.argo.values import get_type_name
from argosy_expressions.gotext import (
    INT_MAX,
    INT_MIN,
    format_float,
    marshal,
    parse_float,
    parse_int,
    to_index,
    unmarshal,
)
from argosy_schemas.message_text import quote_text
from argosy_schemas.values import JsonValue

_LONG = 1024
"""Texts from this length on are cached when decoded: each iteration of a loop decodes the same
list."""

_MOST_TIMES = 1_000_000
"""expr-lang's own limit for ``repeat``."""


def _text(function: str, value: JsonValue) -> str:
    if value is None and function.startswith("sprig."):
        # Go passes the empty string where a function takes a string and gets null.
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{function}() of {get_type_name(value)}")
    return value


def _from_json(value: JsonValue) -> JsonValue:
    text = _text("fromJSON", value)
    try:
        return unmarshal(text) if len(text) < _LONG else _unmarshal_long(text)
    except ValueError as error:
        raise ValueError(f"fromJSON() of {quote_text(text)}, which is not JSON") from error


_unmarshal_long = lru_cache(maxsize=16)(unmarshal)


def _len(value: JsonValue) -> int:
    if value is None or isinstance(value, bool | int | float):
        raise ValueError(f"len() of {get_type_name(value)}")
    return len(value)


def _int(value: JsonValue) -> int:
    match value:
        case bool():
            pass
        case int():
            return value
        case float() if INT_MIN <= value < INT_MAX + 1:
            return int(value)
        case float():
            # Go's result depends on the processor.
            raise ValueError(f"int() of {format_float(value)}, which exceeds 64 bits")
        case str():
            if (read := parse_int(value)) is not None:
                return read
            raise ValueError(f"int() of {quote_text(value)}")
        case _:
            pass
    raise ValueError(f"int() of {get_type_name(value)}")


def _float(value: JsonValue) -> float:
    match value:
        case bool():
            pass
        case int() | float():
            return float(value)
        case str():
            if (read := parse_float(value)) is not None:
                return read
            raise ValueError(f"float() of {quote_text(value)}")
        case _:
            pass
    raise ValueError(f"float() of {get_type_name(value)}")


def _string(value: JsonValue) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return format_float(value)
        case None:
            return "<nil>"
        case _:
            # Go writes lists and maps in its own notation, which nothing should depend on.
            raise ValueError(f"string() of {get_type_name(value)}; use toJson")


def _abs(value: JsonValue) -> JsonValue:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"abs() of {get_type_name(value)}")
    return abs(value)


def _b64enc(value: JsonValue) -> str:
    return base64.b64encode(_text("sprig.b64enc", value).encode("utf-8", "replace")).decode()


def _b64dec(value: JsonValue) -> str:
    text = _text("sprig.b64dec", value)
    return _decode(text) if len(text) < _LONG else _decode_long(text)


def _decode(text: str) -> str:
    try:
        # Go ignores line ends.
        data = base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        # sprig returns the error text as the result; it is not JSON, so fromJSON fails on it.
        return "illegal base64 data"
    return data.decode("utf-8", "replace")


_decode_long = lru_cache(maxsize=16)(_decode)


def _lower(value: JsonValue) -> str:
    # Go converts each letter on its own; Python's lower() also looks at its neighbours.
    return "".join(letter.lower()[0] for letter in _text("sprig.lower", value))


def _replace(old: JsonValue, new: JsonValue, text: JsonValue) -> str:
    function = "sprig.replace"
    return _text(function, text).replace(_text(function, old), _text(function, new))


def _trim_prefix(prefix: JsonValue, text: JsonValue) -> str:
    function = "sprig.trimPrefix"
    return _text(function, text).removeprefix(_text(function, prefix))


def _replace_builtin(text: JsonValue, old: JsonValue, new: JsonValue) -> str:
    return _text("replace", text).replace(_text("replace", old), _text("replace", new))


def _split(text: JsonValue, separator: JsonValue) -> list[JsonValue]:
    parts, mark = _text("split", text), _text("split", separator)
    # For Go an empty separator splits between all letters.
    return list(parts.split(mark)) if mark else list(parts)


def _repeat(text: JsonValue, count: JsonValue) -> str:
    repeated = _text("repeat", text)
    if isinstance(count, bool) or not isinstance(count, int | float):
        raise ValueError(f"repeat() by {get_type_name(count)}")
    times = to_index(count)
    if times is None or times < 0:
        raise ValueError(f"repeat() by {_string(count)}")
    if times > _MOST_TIMES:
        raise ValueError(f"repeat() by {_string(count)}, which exceeds a million")
    return repeated * times


FUNCTIONS: Mapping[str, Callable[..., JsonValue]] = {
    "abs": _abs,
    "asInt": _int,
    "float": _float,
    "fromJSON": _from_json,
    "int": _int,
    "len": _len,
    "repeat": _repeat,
    "replace": _replace_builtin,
    "split": _split,
    "sprig.b64dec": _b64dec,
    "sprig.b64enc": _b64enc,
    "sprig.lower": _lower,
    "sprig.replace": _replace,
    "sprig.trimPrefix": _trim_prefix,
    "string": _string,
    "toJson": marshal,
    "type": get_type_name,
}

PREDICATES = frozenset({"find", "map"})
"""Functions that take a list and an expression over its elements, ``#``."""

ARITY: Mapping[str, int] = {
    **dict.fromkeys(FUNCTIONS, 1),
    **dict.fromkeys(PREDICATES, 2),
    "repeat": 2,
    "replace": 3,
    "split": 2,
    "sprig.replace": 3,
    "sprig.trimPrefix": 2,
}
"""Function to its number of arguments."""

RESULTS: Mapping[str, str] = {
    "asInt": "number",
    "float": "number",
    "int": "number",
    "len": "number",
    "map": "array",
    "repeat": "string",
    "replace": "string",
    "split": "array",
    "sprig.b64dec": "string",
    "sprig.b64enc": "string",
    "sprig.lower": "string",
    "sprig.replace": "string",
    "sprig.trimPrefix": "string",
    "string": "string",
    "toJson": "string",
    "type": "string",
}
"""The kind of a function's result, where it does not depend on the arguments."""
