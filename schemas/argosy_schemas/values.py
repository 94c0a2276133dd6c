"""JSON values, and the one text form that every format of ours uses.

KFP knows one kind of number, the IEEE double, and prints integral ones without a fraction
(``ir-semantics`` 2.1: Go's protojson). ``normalized`` applies that once, when the IR is read;
everything behind it may rely on ``1`` for what the file wrote as ``1.0``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final, Literal, TypeAlias

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
"""Not given at all, where ``None`` would be the JSON ``null``."""


def normalized(value: JsonValue) -> JsonValue:
    """Return ``value`` with each integral double below 1e21 as an integer, at any depth."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    if isinstance(value, Mapping):
        return {key: normalized(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [normalized(item) for item in value]
    return value


def to_json(value: object) -> str:
    """Return compact JSON with sorted keys, the same bytes for equal values everywhere.

    Raises:
        ValueError: A number is NaN or infinite.
        TypeError: Something in ``value`` is not JSON.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
