"""Errors of expressions, with the position in the text.

* ExpressionError          carries the source, the span and the problem
  - ExpressionSyntaxError  the text is not an expression of its language
  - UnsupportedExpressionError  valid in the language, but outside the subset implemented here
  - EvaluationError        the expression fails on these values; never the same as ``false``

Checks return all faults as :class:`Fault` values; other functions raise the first one.
"""

from __future__ import annotations

from typing import NamedTuple

from argosy_schemas.errors import ArgosyError

_EXCERPT = 120
"""How many characters before and after a fault a message quotes."""


class Fault(NamedTuple):
    """A mistake in an expression, and its position."""

    message: str
    """What is wrong and what to do, one sentence, no full stop."""
    source: str
    """The whole expression."""
    span: tuple[int, int]
    """Start and end in ``source``, in code points; equal where something is missing."""

    def __str__(self) -> str:
        start, end = self.span
        around = self.source[max(0, start - _EXCERPT) : start + _EXCERPT]
        excerpt = " ".join(around.split())
        if start > _EXCERPT:
            excerpt = f"…{excerpt}"
        if start + _EXCERPT < len(self.source):
            excerpt = f"{excerpt}…"
        if start == 0 and end >= len(self.source):
            return f"{self.message} (in '{excerpt}')"
        return f"{self.message} (column {start + 1} of '{excerpt}')"


class ExpressionError(ArgosyError):
    """An expression cannot be used; ``str()`` is one line with the position."""

    def __init__(self, message: str, source: str, span: tuple[int, int]) -> None:
        self.fault = Fault(message, source, span)
        super().__init__(str(self.fault))


class ExpressionSyntaxError(ExpressionError):
    """The text is not an expression of its language."""


class UnsupportedExpressionError(ExpressionError):
    """The expression is valid, but outside the subset implemented here."""


class EvaluationError(ExpressionError):
    """The expression fails on these values: an unknown key, ``int('x')``, an unexpected null."""
