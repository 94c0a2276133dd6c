"""Amounts as Kubernetes writes them: ``500m``, ``1.5``, ``2Gi``, ``1e3``.

Source: ``k8s.io/apimachinery``, ``pkg/api/resource/quantity.go``.
"""

from __future__ import annotations

import re
from typing import Final

_QUANTITY: Final = re.compile(
    r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
    r"([KMGTPE]i|[numkMGTPE]|[eE][+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+))?"
)


def is_quantity(text: str) -> bool:
    """Return whether Kubernetes reads ``text`` as an amount."""
    return _QUANTITY.fullmatch(text) is not None


def is_amount(text: str) -> bool:
    """Return whether ``text`` is a quantity that a container can request: not a negative one."""
    return is_quantity(text) and not text.startswith("-")
