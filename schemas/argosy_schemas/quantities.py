"""Amounts as Kubernetes writes them: ``500m``, ``1.5``, ``2Gi``, ``1e3``.

Source: ``k8s.io/apimachinery``, ``pkg/api/resource/quantity.go``.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_QUANTITY: Final = re.compile(
    r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
    r"([KMGTPE]i|[numkMGTPE]|[eE][+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+))?"
)

_FACTORS: Final = {
    **{letter: Fraction(10) ** (3 * power) for power, letter in enumerate("kMGTPE", 1)},
    **{letter: Fraction(10) ** (-3 * power) for power, letter in enumerate("mun", 1)},
    **{f"{letter}i": Fraction(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
    "": Fraction(1),
}


def is_quantity(text: str) -> bool:
    """Return whether Kubernetes reads ``text`` as an amount."""
    return _QUANTITY.fullmatch(text) is not None


def is_amount(text: str) -> bool:
    """Return whether ``text`` is a quantity that a container can request: not a negative one."""
    return is_quantity(text) and not text.startswith("-")


def read_quantity(text: str) -> Fraction:
    """Return the amount that ``text`` means.

    Raises:
        ValueError: It is not a quantity.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a quantity")
    suffix = match[3] or ""
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return Fraction(text)
    return Fraction(text.removesuffix(suffix)) * _FACTORS[suffix]
