"""Which constants of an expression an input can take the place of, and where they stand."""

from __future__ import annotations

import pytest

from argosy_expressions.argo import evaluate
from argosy_expressions.argo.constants import Role, constants
from argosy_expressions.errors import EvaluationError, ExpressionSyntaxError


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("a == 'x'", [(Role.TEXT, "x")]),
        ("a > 5 && b < 0.5", [(Role.NUMBER, "5"), (Role.NUMBER, "0.5")]),
        (
            "{'k': 'v', 'l': 1}",
            [(Role.KEY, "k"), (Role.TEXT, "v"), (Role.KEY, "l"), (Role.NUMBER, "1")],
        ),
        ("a ? 'x' : 'y'", [(Role.TEXT, "x"), (Role.TEXT, "y")]),
        ("f(a, b ? 'x' : 'y')", [(Role.TEXT, "x"), (Role.TEXT, "y")]),
        ("fromJSON(a)['key']", [(Role.TEXT, "key")]),
        ("a[0] == 'it\\'s'", [(Role.TEXT, "it's")]),
        ("tasks['a'].status == true", []),
        ("workflow.parameters['n'] == nil", []),
    ],
)
def test_constants_are_found_with_their_roles(
    expression: str, found: list[tuple[Role, str]]
) -> None:
    assert [(one.role, one.value) for one in constants(expression)] == found


def test_a_constant_has_its_place() -> None:
    (one,) = constants("a == 'x' || b")

    assert one.span == (5, 8)


def test_what_is_no_expression_is_refused() -> None:
    with pytest.raises(ExpressionSyntaxError, match="Close the quote"):
        constants("a == 'x")


def test_a_map_may_have_computed_keys() -> None:
    assert evaluate("{(a): 1, 'b': 2}", {"a": "x"}) == {"x": 1, "b": 2}


def test_a_key_that_is_no_text_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="A key must be a string, not"):
        evaluate("{(a): 1}", {"a": 5.0})
