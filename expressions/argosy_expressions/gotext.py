r"""Numbers and JSON in the text forms of Go's standard library.

CEL (in the reference backend) and expr-lang are evaluated by Go programs, which their conversions
show: ``string(1234567.0)`` is ``1.234567e+06``, ``toJson('<')`` is ``"\u003c"``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from operator import itemgetter

from argosy_schemas.message_text import truncate
from argosy_schemas.values import JsonValue

INT_MIN = -(2**63)
INT_MAX = 2**63 - 1

# Compiled on use: most processes parse no number, and ``re`` caches what it compiles.
_INTEGER = r"[+-]?[0-9]+"
_DECIMAL = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_HEX = r"[+-]?0[xX]([0-9a-fA-F]+(\.[0-9a-fA-F]*)?|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+"
_GAP = r"(?<=[0-9])_(?=[0-9])"
_HEX_GAP = r"(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])"
_SPECIAL = r"(?ai)[+-]?inf(inity)?|nan"


def parse_int(text: str) -> int | None:
    """Return the result of ``strconv.ParseInt(text, 10, 64)``; ``None`` for its error."""
    # Python refuses to convert thousands of digits; a 64-bit integer has at most 19.
    digits = text.lstrip("+-").lstrip("0")
    if not re.fullmatch(_INTEGER, text) or len(digits) > 19:
        return None
    value = int(f"{text[0]}{digits or '0'}" if text[0] in "+-" else digits or "0")
    return value if INT_MIN <= value <= INT_MAX else None


def parse_float(text: str) -> float | None:
    """Return the result of ``strconv.ParseFloat(text, 64)``; ``None`` for its error."""
    if re.fullmatch(_SPECIAL, text):
        return float(text)
    if "_" in text:
        digits = _HEX_GAP if text[:3].lstrip("+-")[:2] in ("0x", "0X") else _GAP
        text = re.sub(digits, "", text)
    if re.fullmatch(_DECIMAL, text):
        value = float(text)
        return None if math.isinf(value) else value
    if re.fullmatch(_HEX, text):
        try:
            return float.fromhex(text)
        except OverflowError:
            return None
    return None


def to_index(value: JsonValue) -> int | None:
    """Return a number without its fraction; ``None`` for anything else, NaN and the infinities.

    What Go makes of NaN and the infinities depends on the processor.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value)


def format_float(value: float) -> str:
    """Return the result of ``fmt.Sprintf("%v", value)``; below 1e-4 and from 1e6 on an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return _with_exponent(value) if not -4 <= _shortest(value)[1] < 6 else _plain(value)


def marshal(value: JsonValue) -> str:
    """Return the result of ``json.Marshal``.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _json_text(value)
        case int():
            return str(value)
        case float():
            return _json_number(value)
        case Mapping():
            pairs = sorted(value.items(), key=itemgetter(0))
            members = (f"{_json_text(key)}:{marshal(item)}" for key, item in pairs)
            return f"{{{','.join(members)}}}"
        case _:
            return f"[{','.join(map(marshal, value))}]"


def unmarshal(text: str) -> JsonValue:
    """Return the result of ``json.Unmarshal``: all numbers are floats.

    Raises:
        ValueError: The text is not JSON, or a number does not fit a double.
    """
    try:
        value: JsonValue = json.loads(
            text, parse_int=_json_float, parse_float=_json_float, parse_constant=_json_float
        )
    except RecursionError as error:
        raise ValueError("the JSON nests too deep") from error
    return _without_surrogates(value) if "\\u" in text else value


def _json_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {truncate(text)} does not fit a double")
    return value


def _without_surrogates(value: JsonValue) -> JsonValue:
    # Go writes U+FFFD for an escape that names half a surrogate pair.
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {str(_without_surrogates(k)): _without_surrogates(v) for k, v in value.items()}
    if isinstance(value, Sequence):
        return [_without_surrogates(item) for item in value]
    return value


_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_HTML_CHARACTER = "[<>&\u2028\u2029]"


def _json_text(value: str) -> str:
    return re.sub(_HTML_CHARACTER, lambda match: _HTML[match[0]], encode_basestring(value))


def _json_number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{format_float(value)} is not JSON")
    if value and not 1e-6 <= abs(value) < 1e21:
        # As in ECMAScript: the exponent has no leading zero.
        return re.sub(r"e([+-])0(\d)$", r"e\1\2", _with_exponent(value))
    return _plain(value)


def _shortest(value: float) -> tuple[str, int]:
    """Return the shortest digits that parse to ``value``, and the exponent of the first digit."""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "0", 0
    leading = len(whole) - (len(whole + fraction) - len(digits)) - 1
    return digits.rstrip("0") or "0", leading + int(exponent or "0")


def _with_exponent(value: float) -> str:
    digits, exponent = _shortest(value)
    sign = "-" if math.copysign(1, value) < 0 else ""
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{exponent:+03d}"


def _plain(value: float) -> str:
    digits, exponent = _shortest(value)
    sign = "-" if math.copysign(1, value) < 0 else ""
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    fraction = digits[exponent + 1 :]
    return f"{sign}{whole}{f'.{fraction}' if fraction else ''}"
