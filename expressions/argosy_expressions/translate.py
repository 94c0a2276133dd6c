"""From CEL to Argo's expression language, so that the controller decides without a pod.

The translation has the outcome of the original on all inputs: true, false, or an error. Where the
two languages differ (an absent key is null in expr-lang and an error in CEL, ``&&`` absorbs errors
in CEL and not in expr-lang) the text says more than the original; where that does not help, the
condition is :class:`Untranslatable`, and a driver pod evaluates it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from argosy_expressions.cel.ast import Expression
from argosy_schemas.ir import ParameterType


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """Where a parameter of the condition is found in the workflow."""

    expression: str
    """Argo expression that yields the JSON-typed value, and fails where there is none."""
    type: ParameterType
    nullable: bool = True
    """Whether the value may be null; ``False`` gives shorter text."""


@dataclass(frozen=True, slots=True)
class Untranslatable:
    """Why a condition cannot be an Argo expression."""

    reason: str
    """In words that go on from "needs a pod:", e.g. ``it reads the artifact 'model'``."""


def to_argo(expression: Expression, operands: Mapping[str, Operand]) -> str | Untranslatable:
    """Return a condition in Argo's expression language, without ``{{= }}`` around it.

    The text holds no ``{{``, no ``}}`` and no double quote of its own; it always yields a boolean
    or fails. Operands of every parameter that the expression reads must be given.
    """
    raise NotImplementedError
