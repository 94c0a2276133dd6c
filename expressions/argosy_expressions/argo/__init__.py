"""The part of Argo's expression language that the compiler emits, and Argo's template tags.

The embedded engine evaluates with it what the Argo controller evaluates with expr-lang. What the
compiler does not emit is refused by name. An ill-typed operation is an error, never ``false``.

>>> evaluate("fromJSON(workflow.parameters['n']) > 3", {"workflow": {"parameters": {"n": "4"}}})
True
>>> substitute('{"when": "{{= a.b == \\'x\\' }}"}', {"a": {"b": "x"}}, strict=True)
'{"when": "true"}'
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

__all__ = ["Depends", "Environment", "Value", "check", "depends", "evaluate", "substitute"]

Value = object
"""Of an expression: ``None``, ``bool``, ``int``, ``float``, ``str``, list or mapping of these.

``int`` and ``float`` differ, as Go's do: ``fromJSON`` gives floats, ``len`` and literals integers.
"""

Environment = Mapping[str, object]
"""Nested mappings down to text: ``{"workflow": {"parameters": {"n": "4"}}, "item": "0"}``."""


def check(text: str) -> None:
    """Raise if ``text`` is not an expression that :func:`evaluate` knows.

    Raises:
        ExpressionSyntaxError: It is no expression.
        UnsupportedExpressionError: It uses what the compiler never emits.
    """
    raise NotImplementedError


def evaluate(text: str, environment: Environment) -> Value:
    """Return the value of an expression, as written in ``valueFrom.expression``; parsed ones are kept.

    Raises:
        ExpressionSyntaxError: It is no expression.
        UnsupportedExpressionError: It uses what the compiler never emits.
        EvaluationError: It failed on this environment.
    """
    raise NotImplementedError


def substitute(text: str, environment: Environment, *, strict: bool) -> str:
    """Return a JSON text with its tags ``{{name}}`` and ``{{=expression}}`` replaced.

    Tags stand inside JSON strings; what they yield is escaped so that the result is JSON again.
    Lenient (``strict=False``) leaves a tag that fails or yields null in place. Text without
    ``{{`` is returned as it is.

    Raises:
        EvaluationError: A tag cannot be resolved (strict), ends nowhere, or its text cannot travel
            in a simple tag (control characters: Argo makes invalid JSON of them).
        ExpressionSyntaxError: A tag holds no expression.
        UnsupportedExpressionError: A tag uses what the compiler never emits.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Depends:
    """A parsed ``depends`` of a DAG task."""

    text: str
    tasks: tuple[str, ...]
    """The tasks it mentions, each once, in the order of the text; it waits for all of them."""

    def holds(self, results: Mapping[str, Collection[str]]) -> bool:
        """Return whether the task is to run.

        Args:
            results: For each of ``tasks`` the results that are true of it, usually one of
                ``Succeeded``, ``Failed``, ``Errored``, ``Skipped``, ``Omitted``.
        """
        raise NotImplementedError


def depends(text: str) -> Depends:
    """Return a parsed ``depends``; parsed ones are kept.

    Raises:
        ExpressionSyntaxError: It is no such expression, or uses a task name that Argo cannot.
    """
    raise NotImplementedError
