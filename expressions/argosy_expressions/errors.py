"""What can be wrong with an expression, told with the place in its text.

* ExpressionError          carries the source, the span and the problem
  - ExpressionSyntaxError  the text is not an expression of its language
  - UnsupportedExpressionError  valid there, and outside the subset that is implemented here
  - EvaluationError        the expression failed on these values; never to be taken for ``false``
* MissingLibraryError      the expression needs a CEL library that is not installed

Checks report all they find as :class:`Fault` values; only what stops the work is raised.
"""

from __future__ import annotations

from typing import NamedTuple

from argosy_schemas.errors import ArgosyError, MachineError

_EXCERPT = 120
"""How much of the text around a fault goes into one line."""


class Fault(NamedTuple):
    """One thing that is wrong with an expression, and where."""

    message: str
    """What is wrong and what to do, one sentence, no full stop."""
    source: str
    """The whole expression."""
    span: tuple[int, int]
    """Start and end in ``source``, in code points; equal where something is missing."""

    def drawn(self) -> str:
        """Return the message and below it the expression with the place underlined."""
        start, end = self.span
        before = self.source.rfind("\n", 0, start) + 1
        after = self.source.find("\n", start)
        line = self.source[before : len(self.source) if after < 0 else after]
        width = max(1, min(end, before + len(line)) - start)
        return f"{self.message}\n    {line}\n    {' ' * (start - before)}{'^' * width}"

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
    """An expression cannot be used.

    ``str()`` is one line; ``fault.drawn()`` shows the place.
    """

    def __init__(self, message: str, source: str, span: tuple[int, int]) -> None:
        self.fault = Fault(message, source, span)
        super().__init__(str(self.fault))


class ExpressionSyntaxError(ExpressionError):
    """The text is not an expression of its language."""


class UnsupportedExpressionError(ExpressionError):
    """The language has it; the subset implemented here does not."""


class EvaluationError(ExpressionError):
    """It failed on these values: an unknown key, ``int('x')``, null where none may be."""


class MissingLibraryError(MachineError):
    """The expression is outside the SDK's grammar, and no CEL library is installed."""
