"""JSON values, and the canonical JSON text that all our formats use.

KFP knows one kind of number, the IEEE double, and prints integral ones without a fraction
(``ir-semantics`` 2.1: Go's protojson). ``normalize`` applies that once, when the IR is read; all
later code may rely on ``1`` where the file has ``1.0``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Literal, TypeAlias, cast

JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)


class _Unset(Enum):
    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


Unset: TypeAlias = Literal[_Unset.UNSET]

UNSET: Final = _Unset.UNSET
"""No value at all, as opposed to ``None``, the JSON ``null``."""

MAX_DEPTH: Final = 100
"""How deep lists and objects may be nested, so that no recursion here overflows."""


def normalize(value: JsonValue) -> JsonValue:
    """Return ``value`` with each integral double below 1e21 as an integer, at any depth.

    The integer has the digits of the shortest decimal that parses to that double.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value) if abs(value) < 2**53 else _to_shortest_integer(value)
    if isinstance(value, Mapping):
        return {key: normalize(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [normalize(item) for item in value]
    return value


def map_strings(value: object, change: Callable[[str], str]) -> Any:
    """Return a JSON value with ``change`` applied to all strings but the names of members."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {name: map_strings(inner, change) for name, inner in members.items()}
    if isinstance(value, Sequence):
        return [map_strings(inner, change) for inner in cast("Sequence[object]", value)]
    return value


def _to_shortest_integer(whole: float) -> int:
    mantissa, _, exponent = repr(whole).partition("e+")
    digits, _, fraction = mantissa.partition(".")
    return (
        int(digits + fraction) * 10 ** (int(exponent) - len(fraction)) if exponent else int(digits)
    )


def to_camel_case(name: str) -> str:
    """Return the name in JSON of a field, as proto-JSON has it: ``runId`` for ``run_id``."""
    return _UNDERSCORE.sub(lambda match: match.group(1).upper(), name)


_UNDERSCORE: Final = re.compile("_([a-z0-9])")


def to_json(value: object) -> str:
    """Return compact JSON with sorted keys, the same bytes for equal values everywhere.

    Raises:
        ValueError: A number is NaN or infinite.
        TypeError: Something in ``value`` is not JSON.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def escape_tags(json_text: str) -> str:
    r"""Return JSON of the same value in which no tag of Argo begins.

    Of two braces in a row the second becomes ``\u007b``: JSON has such pairs only inside texts.
    """
    return json_text.replace("{{", "{\\u007b")


def find_non_finite(value: JsonValue) -> tuple[str, str] | None:
    """Return where a value has NaN or Infinity first, e.g. ``a.b[0]``, and which; else ``None``."""
    found = _find_non_finite(value)
    return None if found is None else (found[0].removeprefix("."), found[1])


def _find_non_finite(value: JsonValue) -> tuple[str, str] | None:
    if isinstance(value, float):
        return None if math.isfinite(value) else ("", name_non_finite(value))
    members: list[tuple[str, JsonValue]] = []
    if isinstance(value, Mapping):
        members = [(f".{key}", item) for key, item in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        members = [(f"[{index}]", item) for index, item in enumerate(value)]
    for place, item in members:
        found = _find_non_finite(item)
        if found is not None:
            return place + found[0], found[1]
    return None


def name_non_finite(number: float) -> str:
    """Return NaN or an infinity as proto-JSON writes it."""
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def parse_json(text: str) -> JsonValue:
    """Parse JSON and normalize the value.

    Raises:
        ValueError: It is not JSON that every reader accepts: it has NaN, a number beyond the range
            of doubles, half of a surrogate pair, or more than ``MAX_DEPTH`` levels.
    """
    try:
        value: JsonValue = json.loads(
            text, parse_constant=_refuse_number, parse_float=_parse_finite
        )
    except json.JSONDecodeError:
        raise
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    except ValueError as error:
        # Python limits the digits of an integer, and its message continues with internals.
        raise ValueError(f"{error}".partition(";")[0]) from error
    if is_deeper(value, MAX_DEPTH):
        raise ValueError(_TOO_DEEP)
    # Only an escape can produce one, and UTF-8 cannot encode it.
    if "\\" in text and _HALF_PAIR.search(to_json(value)):
        raise ValueError("has half of a surrogate pair")
    return normalize(value)


_HALF_PAIR = re.compile("[\ud800-\udfff]")
_TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep"


def _refuse_number(text: str) -> JsonValue:
    raise ValueError(f"{text} is not a JSON number")


def _parse_finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} does not fit into 64 bits")
    return number


def is_deeper(value: JsonValue, limit: int) -> bool:
    """Return whether lists and objects are nested more than ``limit`` levels deep."""
    level: list[JsonValue] = [value]
    for _ in range(limit):
        inner: list[JsonValue] = []
        for item in level:
            if isinstance(item, Mapping):
                inner.extend(item.values())
            elif isinstance(item, Sequence) and not isinstance(item, str):
                inner.extend(item)
        level = [item for item in inner if isinstance(item, Mapping | list)]
        if not level:
            return False
    return True
