r"""The part of Argo's expression language that the compiler emits, and Argo's template tags.

The embedded engine evaluates with it what the Argo controller evaluates with expr-lang. What the
compiler does not emit is refused by name. An ill-typed operation is an error, never ``false``.

>>> evaluate("fromJSON(workflow.parameters['n']) > 3", {"workflow": {"parameters": {"n": "4"}}})
True
>>> fill("{{= a.b == 'x' }} {{a.b}}", {"a": {"b": "x"}})
'true x'
>>> depends("a.Succeeded && !b.Failed").holds({"a": {"Succeeded"}, "b": {"Skipped"}})
True
"""

from __future__ import annotations

from argosy_expressions.argo.depends import Depends, depends
from argosy_expressions.argo.program import Environment, program
from argosy_expressions.argo.tags import fill
from argosy_schemas.values import JsonValue

__all__ = ["Depends", "Environment", "check", "depends", "evaluate", "fill"]


def check(text: str) -> None:
    """Raise if ``text`` is not an expression that :func:`evaluate` knows.

    Raises:
        ExpressionSyntaxError: It is no expression.
        UnsupportedExpressionError: It uses what the compiler never emits.
    """
    program(text)


def evaluate(text: str, environment: Environment) -> JsonValue:
    """Return the value of an expression as it stands in ``valueFrom.expression``.

    Integers and floats differ, as Go's do: ``fromJSON`` gives floats, ``len`` and literals
    integers. Lists and maps in the result are shared with other results: read them only.

    Raises:
        ExpressionSyntaxError: It is no expression.
        UnsupportedExpressionError: It uses what the compiler never emits.
        EvaluationError: It failed in this environment.
    """
    return program(text).run(environment)
