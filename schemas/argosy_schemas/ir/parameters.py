"""Check, coerce and format parameter values.

The rules are those of the reference driver and launcher (kubeflow/pipelines
``backend/src/v2/driver`` ``resolve.go`` and ``component/launcher_v2.go``), with one text form where
these have three: the shortest decimal that parses to the same number, without an exponent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from argosy_schemas.ir.model import ParameterSpec, ParameterType
from argosy_schemas.message_text import quote_text
from argosy_schemas.values import JsonValue, find_non_finite, normalize, parse_json, to_json

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_STRUCTS = (ParameterType.STRUCT, ParameterType.TASK_FINAL_STATUS, ParameterType.TASK_CONFIG)
_INT64 = 2**63
_DECIMAL = re.compile(r"[+-]?[0-9]+")
_EXPONENT = re.compile(r"[0-9]e-?[0-9]|e\+")


class ParameterValueError(ValueError):
    """A value does not fit its declared type; the message is a predicate, ``is a list, …``."""


def describe_json_type(value: JsonValue) -> str:
    """Return the type of a value in words, for messages: ``a number``, ``a list``, ``null``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an object" if isinstance(value, Mapping) else "a list"


def to_text(value: JsonValue) -> str:
    """Return the text of a value: a string as it is, ``null`` as empty text, the rest as JSON.

    Numbers are decimals without an exponent, lists and objects compact JSON with sorted keys.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return _format_decimal(value)
    text = to_json(normalize(value))
    # Only a number that Python writes with an exponent needs another form.
    return _format_without_exponents(value) if _EXPONENT.search(text) else text


def coerce(value: JsonValue, declared: ParameterType) -> JsonValue:
    """Return ``value`` as an input of type ``declared`` receives it.

    A STRING accepts any value, as text; every other type accepts only its own JSON type, and each
    number type any number. ``null`` stays ``null``: the caller decides whether it is allowed.

    Raises:
        ParameterValueError: ``value`` has another type.
    """
    if value is None:
        return None
    if declared is ParameterType.STRING:
        return to_text(value)
    if not _is_of_type(value, declared):
        raise ParameterValueError(f"is {describe_json_type(value)}, not a {declared}")
    return normalize(value)


def is_literal(value: JsonValue, literals: Sequence[JsonValue]) -> bool:
    """Return whether ``value`` is among the literals, or there are none.

    An integer and a double may be equal, a number and a boolean or a string never are.
    """
    return not literals or any(
        describe_json_type(value) == describe_json_type(literal)
        and normalize(value) == normalize(literal)
        for literal in literals
    )


def parse_output(data: bytes, declared: ParameterType) -> JsonValue:
    """Return the value that a component wrote to the file of an output parameter.

    A STRING is the whole text, not trimmed; every other type is trimmed and parsed.

    Raises:
        ParameterValueError: The bytes are not a value of that type.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParameterValueError(f"is not UTF-8 at byte {error.start}") from error
    if declared is ParameterType.STRING:
        return text
    trimmed = text.strip()
    if declared is ParameterType.BOOLEAN:
        if trimmed in _TRUE or trimmed in _FALSE:
            return trimmed in _TRUE
        raise ParameterValueError(f"{quote_text(trimmed)} is not a BOOLEAN; write true or false")
    if declared in (ParameterType.NUMBER_INTEGER, ParameterType.NUMBER_DOUBLE):
        return _parse_number(trimmed, declared)
    return _parse_json(trimmed, declared)


def parse_argument(text: str, spec: ParameterSpec) -> JsonValue:
    """Return the value of a parameter that a person or a workflow passed as text.

    A STRING is the text as it is, every other type is JSON. ``null`` is the value ``None``. Each
    number type accepts any number, as in the reference.

    Raises:
        ParameterValueError: The text is not JSON, of another type, not among the literals, or
            ``null`` where the parameter is not optional.
    """
    value: JsonValue = text
    if spec.type is not ParameterType.STRING:
        try:
            value = parse_json(text)
        except ValueError as error:
            hint = _HINTS.get(spec.type, "it as JSON")
            message = f"{quote_text(text)} is not a {spec.type}; write {hint}"
            raise ParameterValueError(message) from error
    if value is None:
        if not spec.optional:
            raise ParameterValueError(f"is null, but this {spec.type} is not optional")
        return None
    try:
        coerced = coerce(value, spec.type)
    except ParameterValueError as error:
        hint = f"write {_HINTS.get(spec.type, 'it as JSON')}"
        raise ParameterValueError(f"{quote_text(to_text(value))} {error}; {hint}") from error
    if not is_literal(value, spec.literals):
        allowed = ", ".join(to_json(literal) for literal in spec.literals)
        raise ParameterValueError(f"is {quote_text(to_text(value))}, not one of {allowed}")
    return coerced


_HINTS: Final[Mapping[ParameterType, str]] = {
    ParameterType.STRING: "text",
    ParameterType.NUMBER_INTEGER: "a number, e.g. 3",
    ParameterType.NUMBER_DOUBLE: "a number, e.g. 0.5",
    ParameterType.BOOLEAN: "true or false",
    ParameterType.LIST: "a list as JSON, e.g. [1, 2]",
    ParameterType.STRUCT: 'an object as JSON, e.g. {"a": 1}',
}


def _format_decimal(number: float) -> str:
    whole = normalize(number)
    text = str(whole)
    if "e" not in text:
        return text
    # Not at the top: the import takes a millisecond, and such numbers are rare.
    from decimal import Decimal

    return format(Decimal(text), "f")


def _format_without_exponents(value: JsonValue) -> str:
    """Return JSON as ``to_json`` does, but every number without an exponent."""
    if isinstance(value, float):
        return _format_decimal(value)
    if isinstance(value, Mapping):
        members = (
            f"{to_json(key)}:{_format_without_exponents(value[key])}" for key in sorted(value)
        )
        return f"{{{','.join(members)}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{','.join(map(_format_without_exponents, value))}]"
    return to_json(value)


def _is_of_type(value: JsonValue, declared: ParameterType) -> bool:
    if declared is ParameterType.BOOLEAN:
        return isinstance(value, bool)
    if declared in (ParameterType.NUMBER_INTEGER, ParameterType.NUMBER_DOUBLE):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if declared in _STRUCTS:
        return isinstance(value, Mapping)
    return isinstance(value, Sequence) and not isinstance(value, str)


def _parse_number(text: str, declared: ParameterType) -> JsonValue:
    # Python accepts more than the reference: 1_000, and digits of other scripts.
    if "_" in text or not text.isascii():
        raise ParameterValueError(f"{quote_text(text)} is not a {declared}")
    if declared is ParameterType.NUMBER_INTEGER:
        if not _DECIMAL.fullmatch(text):
            raise ParameterValueError(f"{quote_text(text)} is not a {declared}")
        # No more digits than 64 bits have: Python refuses to parse thousands of them.
        number = int(text) if len(text.lstrip("+-0")) < 20 else _INT64
        if not -_INT64 <= number < _INT64:
            raise ParameterValueError(f"{quote_text(text)} does not fit into 64 bits")
        return number
    try:
        value = float.fromhex(text) if "0x" in text.lower() else float(text)
    except (ValueError, OverflowError) as error:
        raise ParameterValueError(f"{quote_text(text)} is not a {declared}") from error
    if not math.isfinite(value):
        raise ParameterValueError(
            f"{quote_text(text)} cannot be passed on: JSON has no such number"
        )
    return normalize(value)


def _parse_json(text: str, declared: ParameterType) -> JsonValue:
    try:
        value = parse_json(text)
    except ValueError as error:
        at = _find_place(text)
        raise ParameterValueError(f"{quote_text(text)} is not valid JSON{at}: {error}") from error
    return coerce(value, declared)


def _find_place(text: str) -> str:
    """Return where a JSON text has NaN or Infinity, as part of a sentence; empty if it has none."""
    try:
        found = find_non_finite(json.loads(text))
    except (ValueError, RecursionError):
        return ""
    return f" at '{found[0]}'" if found is not None and found[0] else ""
