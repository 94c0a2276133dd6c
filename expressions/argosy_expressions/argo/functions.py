"""The functions that the compiler emits, as expr-lang, Argo and sprig define them.

Problems are :class:`ValueError`, whose message says what is wrong and begins with the function.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import lru_cache

from argosy_expressions.argo.values import type_name
from argosy_expressions.gotext import (
    INT_MAX,
    INT_MIN,
    format_float,
    marshal,
    parse_float,
    parse_int,
    unmarshal,
)
from argosy_schemas.values import JsonValue

_LONG = 1024
"""From here on a decoded text is kept: a loop decodes the same items once per iteration."""


def _text(function: str, value: JsonValue) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{function}() of {type_name(value)}")
    return value


def _from_json(value: JsonValue) -> JsonValue:
    text = _text("fromJSON", value)
    try:
        return unmarshal(text) if len(text) < _LONG else _unmarshalled(text)
    except ValueError as error:
        raise ValueError(f"fromJSON() of {text[:40]!r}, which is not JSON") from error


_unmarshalled = lru_cache(maxsize=16)(unmarshal)


def _to_json_indented(value: JsonValue) -> str:
    return marshal(value, indent=2)


def _len(value: JsonValue) -> int:
    if value is None or isinstance(value, bool | int | float):
        raise ValueError(f"len() of {type_name(value)}")
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
            # What Go does here depends on the processor.
            raise ValueError(f"int() of {format_float(value)}, which exceeds 64 bits")
        case str():
            if (read := parse_int(value)) is not None:
                return read
            raise ValueError(f"int() of {value[:40]!r}")
        case _:
            pass
    raise ValueError(f"int() of {type_name(value)}")


def _float(value: JsonValue) -> float:
    match value:
        case bool():
            pass
        case int() | float():
            return float(value)
        case str():
            if (read := parse_float(value)) is not None:
                return read
            raise ValueError(f"float() of {value[:40]!r}")
        case _:
            pass
    raise ValueError(f"float() of {type_name(value)}")


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
            # Go's own notation for lists and maps, which nothing should depend on.
            raise ValueError(f"string() of {type_name(value)}; use toJson")


def _abs(value: JsonValue) -> JsonValue:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"abs() of {type_name(value)}")
    return abs(value)


def _b64enc(value: JsonValue) -> str:
    return base64.b64encode(_text("sprig.b64enc", value).encode("utf-8", "replace")).decode()


def _b64dec(value: JsonValue) -> str:
    text = _text("sprig.b64dec", value)
    return _decoded(text) if len(text) < _LONG else _decoded_long(text)


def _decoded(text: str) -> str:
    try:
        # Go skips line ends.
        data = base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        # As sprig: the error is the result, and no JSON, so that fromJSON fails on it.
        return "illegal base64 data"
    return data.decode("utf-8", "replace")


_decoded_long = lru_cache(maxsize=16)(_decoded)

FUNCTIONS: Mapping[str, Callable[[JsonValue], JsonValue]] = {
    "abs": _abs,
    "asFloat": _float,
    "asInt": _int,
    "float": _float,
    "fromJSON": _from_json,
    "int": _int,
    "len": _len,
    "sprig.b64dec": _b64dec,
    "sprig.b64enc": _b64enc,
    "string": _string,
    "toJSON": _to_json_indented,
    "toJson": marshal,
    "type": type_name,
}
"""Of one argument."""

PREDICATES = frozenset({"find"})
"""Of a list and a predicate over its elements, ``#``."""

ARITY: Mapping[str, int] = {**dict.fromkeys(FUNCTIONS, 1), **dict.fromkeys(PREDICATES, 2)}

RESULTS: Mapping[str, str] = {
    "asFloat": "number",
    "asInt": "number",
    "float": "number",
    "int": "number",
    "len": "number",
    "sprig.b64dec": "string",
    "sprig.b64enc": "string",
    "string": "string",
    "toJSON": "string",
    "toJson": "string",
    "type": "string",
}
"""What a function yields, where that is known before it runs."""
