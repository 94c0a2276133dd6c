"""Parameter values: their types, their coercion, and their text forms.

The rules are the reference driver's and launcher's (kubeflow/pipelines ``backend/src/v2/driver``
``resolve.go`` and ``component/launcher_v2.go``), with one text form where it has three: the
shortest decimal that reads back, never with an exponent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from argosy_schemas.ir import ParameterSpec, ParameterType
from argosy_schemas.values import JsonValue, normalized, to_json

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_STRUCTS = (ParameterType.STRUCT, ParameterType.TASK_FINAL_STATUS, ParameterType.TASK_CONFIG)
_INT64 = 2**63


class ParameterValueError(ValueError):
    """A value does not fit its declared type; the message is half a sentence about the value."""


def kind_of(value: JsonValue) -> str:
    """Return what a value is, in the words of messages: ``a number``, ``a list``, ``null``."""
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
    """Return the text of a value: a string as it is, ``null`` as nothing, all else as JSON.

    Numbers are decimals without an exponent, lists and objects compact JSON with sorted keys.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        whole = normalized(value)
        return str(whole) if isinstance(whole, int) else format(Decimal(repr(value)), "f")
    return to_json(value)


def coerce(value: JsonValue, declared: ParameterType) -> JsonValue:
    """Return ``value`` as an input of type ``declared`` receives it.

    A STRING takes anything, as text; every other type takes only its own JSON kind, and either
    number type takes any number. ``null`` stays ``null``: whether it may is the caller's question.

    Raises:
        ParameterValueError: The kind of ``value`` is another one.
    """
    if value is None:
        return None
    if declared is ParameterType.STRING:
        return to_text(value)
    if not _is_of(value, declared):
        raise ParameterValueError(f"is {kind_of(value)}, not {_ARTICLES[declared]} {declared}")
    return normalized(value)


def is_literal(value: JsonValue, literals: Sequence[JsonValue]) -> bool:
    """Return whether ``value`` is allowed; no literals allow any.

    An int and a double of one value are equal, a number and a boolean or a string never are.
    """
    return not literals or any(
        kind_of(value) == kind_of(literal) and normalized(value) == normalized(literal)
        for literal in literals
    )


def parse_output(data: bytes, declared: ParameterType) -> JsonValue:
    """Return the value that a component wrote to the file of an output parameter.

    A STRING is the whole text, not trimmed; every other type is trimmed and parsed.

    Raises:
        ParameterValueError: The bytes are no value of that type.
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
        raise ParameterValueError(f"{_shown(trimmed)} is no BOOLEAN; write true or false")
    if declared in (ParameterType.NUMBER_INTEGER, ParameterType.NUMBER_DOUBLE):
        return _parse_number(trimmed, declared)
    return _parse_json(trimmed, declared)


def parse_argument(text: str, spec: ParameterSpec) -> JsonValue:
    """Return the value of a parameter that a person or a workflow gave as text.

    A STRING takes the text as it is, every other type is JSON. ``null`` is the value ``None``.

    Raises:
        ParameterValueError: The text is no JSON, of another type, or none of the literals.
    """
    value: JsonValue = text
    if spec.type is not ParameterType.STRING:
        try:
            value = _loads(text)
        except ValueError as error:
            raise ParameterValueError(
                f"{_shown(text)} is no {spec.type}; write it as JSON"
            ) from error
    return check_argument(value, spec)


def check_argument(value: JsonValue, spec: ParameterSpec) -> JsonValue:
    """Return ``value`` as the run's parameter declared by ``spec`` holds it.

    Raises:
        ParameterValueError: It is of another type, none of the literals, or ``null`` where the
            parameter is not optional.
    """
    if value is None:
        if not spec.optional:
            raise ParameterValueError(f"is null, and a {spec.type} that is not optional")
        return None
    if spec.type is ParameterType.NUMBER_INTEGER and isinstance(value, float):
        value = normalized(value)
        if isinstance(value, float):
            raise ParameterValueError(f"is {to_text(value)}, not a NUMBER_INTEGER")
    coerced = coerce(value, spec.type)
    if not is_literal(value, spec.literals):
        allowed = ", ".join(to_json(literal) for literal in spec.literals)
        raise ParameterValueError(f"is {_shown(to_text(value))}, not one of {allowed}")
    return coerced


_ARTICLES = {kind: "a" for kind in ParameterType}


def _is_of(value: JsonValue, declared: ParameterType) -> bool:
    if declared is ParameterType.BOOLEAN:
        return isinstance(value, bool)
    if declared in (ParameterType.NUMBER_INTEGER, ParameterType.NUMBER_DOUBLE):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if declared in _STRUCTS:
        return isinstance(value, Mapping)
    return isinstance(value, Sequence) and not isinstance(value, str)


def _parse_number(text: str, declared: ParameterType) -> JsonValue:
    if "_" in text:  # Python reads 1_000, nobody else does
        raise ParameterValueError(f"{_shown(text)} is no {declared}")
    try:
        if declared is ParameterType.NUMBER_INTEGER:
            number = int(text)
            if not -_INT64 <= number < _INT64:
                raise ParameterValueError(f"{_shown(text)} does not fit into 64 bits")
            return number
        value = float.fromhex(text) if "0x" in text.lower() else float(text)
    except ParameterValueError:
        raise
    except (ValueError, OverflowError) as error:
        raise ParameterValueError(f"{_shown(text)} is no {declared}") from error
    if not math.isfinite(value):
        raise ParameterValueError(f"{_shown(text)} cannot be passed on: JSON has no such number")
    return normalized(value)


def _parse_json(text: str, declared: ParameterType) -> JsonValue:
    try:
        value = _loads(text)
    except ValueError as error:
        raise ParameterValueError(f"{_shown(text)} is no JSON: {error}") from error
    return coerce(value, declared)


def _loads(text: str) -> JsonValue:
    value: JsonValue = json.loads(text, parse_constant=_refuse_constant)
    return normalized(value)


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is no JSON number")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
