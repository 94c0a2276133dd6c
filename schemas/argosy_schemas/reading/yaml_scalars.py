"""Parse YAML scalars as PyYAML does, which wrote the file, except for dates.

An unquoted date stays text, as in KFP's own reader. Numbers that JSON does not have are refused
here, since later messages could not name their line.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Final

from argosy_schemas.message_text import quote_text
from argosy_schemas.values import JsonValue

TAG_PREFIX: Final = "tag:yaml.org,2002:"

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {
    text: value
    for words, value in (("true yes on", True), ("false no off", False))
    for word in words.split()
    for text in (word, word.capitalize(), word.upper())
}
_INTEGER: Final = re.compile(
    r"[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)"
)
_FLOAT: Final = re.compile(  # PyYAML takes no sign before a leading point
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
)
_NUMBER_START: Final = frozenset("0123456789+-.")
_KINDS: Final[dict[str, type]] = {
    f"{TAG_PREFIX}{name}": kind
    for name, kind in (("null", type(None)), ("bool", bool), ("int", int), ("float", float))
}


class ScalarError(ValueError):
    """A scalar has no value in JSON; the message is a sentence about it."""


def parse_plain_scalar(text: str) -> JsonValue:
    """Return the value of an unquoted scalar without a tag.

    Raises:
        ScalarError: It is a number that JSON does not have.
    """
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] in _NUMBER_START:
        return _parse_number(text)
    return text


def _parse_number(text: str) -> JsonValue:
    if _INTEGER.fullmatch(text):
        return _parse_integer(text)
    if _FLOAT.fullmatch(text):
        return _parse_double(text)
    if text.lower().lstrip("+-") in (".inf", ".nan"):
        raise ScalarError(f"{quote_text(text)} is not a number in JSON; quote it or remove it")
    return text


def _parse_integer(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").replace("_", "")
    try:
        if ":" in digits:
            return sign * int(_parse_sexagesimal(digits))
        for prefix, base in (("0b", 2), ("0x", 16)):
            if digits.startswith(prefix):
                return sign * int(digits, base)
        return sign * int(digits, 8 if digits.startswith("0") and digits != "0" else 10)
    except (ValueError, OverflowError) as error:  # nothing but underscores, or thousands of digits
        raise ScalarError(f"{quote_text(text)} cannot be read as a number") from error


def _parse_double(text: str) -> float:
    sign = -1.0 if text.startswith("-") else 1.0
    digits = text.lstrip("+-").replace("_", "")
    value = _parse_sexagesimal(digits) if ":" in digits else float(digits)
    if not isfinite(value):
        raise ScalarError(f"{quote_text(text)} is too large a number")
    return sign * value


def _parse_sexagesimal(digits: str) -> float:
    value = 0.0
    for part in digits.split(":"):
        value = value * 60 + float(part)
    return value


def parse_tagged_scalar(text: str, tag: str) -> JsonValue:
    """Return the value of a scalar with an explicit tag.

    Raises:
        ScalarError: The tag is not a type of JSON, or the text is not of that type.
    """
    if tag in (f"{TAG_PREFIX}str", "!"):
        return text
    kind = _KINDS.get(tag)
    if kind is None:
        raise ScalarError(f"Tag '{tag}' means nothing here; remove it")
    value = parse_plain_scalar(text)
    if kind is float and type(value) is int:
        return value
    if type(value) is not kind:
        raise ScalarError(f"{quote_text(text)} is not what its tag '{tag}' says")
    return value
