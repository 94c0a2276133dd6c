r"""The part of Argo's expression language that the compiler emits, and Argo's template tags.

With it the embedded engine evaluates what the Argo controller evaluates with expr-lang. Anything
that the compiler does not emit is refused by name. An ill-typed operation is an error, never
``false``.

>>> evaluate("fromJSON(workflow.parameters['n']) > 3", {"workflow": {"parameters": {"n": "4"}}})
True
>>> fill("{{= a.b == 'x' }} {{a.b}}", {"a": {"b": "x"}})
'true x'
>>> parse_depends("a.Succeeded && !b.Failed").holds({"a": {"Succeeded"}, "b": {"Skipped"}})
True
"""

from __future__ import annotations

from argosy_expressions.argo.depends import Depends, parse_depends
from argosy_expressions.argo.program import Environment, compile_expression
from argosy_expressions.argo.tags import fill
from argosy_schemas.values import JsonValue

__all__ = ["Depends", "Environment", "check", "evaluate", "fill", "parse_depends"]


def check(text: str) -> None:
    """Raise an error if ``text`` is not an expression that :func:`evaluate` knows.

    Raises:
        ExpressionSyntaxError: The text is not an expression.
        UnsupportedExpressionError: The expression uses something that the compiler never emits.
    """
    compile_expression(text)


def evaluate(text: str, environment: Environment) -> JsonValue:
    """Return the value of an expression, such as that of ``valueFrom.expression``.

    Integers and floats differ, as in Go: ``fromJSON`` gives floats, ``len`` and literals give
    integers. Lists and maps in the result may be shared with other results: do not change them.

    Raises:
        ExpressionSyntaxError: The text is not an expression.
        UnsupportedExpressionError: The expression uses something that the compiler never emits.
        EvaluationError: The expression fails in this environment.
    """
    return compile_expression(text).run(environment)
