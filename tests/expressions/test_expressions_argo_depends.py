"""``depends`` decides by what became of the tasks it mentions."""

from __future__ import annotations

import pytest

from argosy_expressions.argo import parse_depends
from argosy_expressions.errors import ExpressionSyntaxError

RESULTS = {
    "a": {"Succeeded"},
    "b-2": {"Failed"},
    "c": {"Skipped"},
    "d": {"Omitted"},
    "e": {"Errored"},
    "f": {"Daemoned"},
    "loop": {"Failed", "AnySucceeded"},
}

DECISIONS = [
    ("a.Succeeded", True),
    ("a", True),
    ("b-2", False),
    ("c", True),
    ("d", False),
    ("e", False),
    ("f", True),
    ("a && c", True),
    ("a && b-2", False),
    ("a.Succeeded && b-2.Failed", True),
    ("b-2.Succeeded || b-2.Failed", True),
    ("!b-2.Succeeded", True),
    ("!(a.Succeeded && b-2.Failed)", False),
    ("!!a", True),
    ("a || b-2 && d", True),
    ("(a || b-2) && d", False),
    ("loop.AnySucceeded && !loop.AllFailed", True),
    ("(e.Succeeded || e.Failed || e.Errored || e.Skipped || e.Omitted)", True),
    ("a.Succeeded&&c.Skipped", True),
]


@pytest.mark.parametrize(("text", "decision"), DECISIONS)
def test_a_task_runs_when_its_depends_holds(text: str, decision: bool) -> None:
    assert parse_depends(text).holds(RESULTS) is decision


def test_it_names_each_task_once_in_the_order_of_the_text() -> None:
    parsed = parse_depends("b-2.Failed || a && (c.Skipped || b-2.Succeeded)")

    assert parsed.tasks == ("b-2", "a", "c")


def test_it_names_each_result_that_is_asked_of_a_task_once() -> None:
    parsed = parse_depends("a.Succeeded && (b || a.Failed) && a.Succeeded")

    assert parsed.asked == (("a", "Succeeded"), ("b", ""), ("a", "Failed"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Write the name of a task here (in '')"),
        ("a &&", "Write the name of a task here (column 5 of 'a &&')"),
        ("a b", "End the expression here, or write an operator first (column 3 of 'a b')"),
        ("a.succeeded", "Write a result that Argo knows for 'succeeded' (in 'a.succeeded')"),
        ("(a", "Write ')' here (column 3 of '(a')"),
        ("in.Succeeded",
         "Rename the task 'in': Argo parses the name as an operator (in 'in.Succeeded')"),
        ("a and b", "End the expression here, or write an operator first (column 3 of 'a and b')"),
        ("a == b", "Remove '=', which means nothing here (column 3 of 'a == b')"),
    ],
)  # fmt: skip
def test_an_error_says_what_to_do_and_where(text: str, message: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_depends(text)

    assert str(caught.value) == message


def test_nesting_without_end_is_refused_not_crashed_on() -> None:
    with pytest.raises(ExpressionSyntaxError, match="Nest at most 64 deep"):
        parse_depends("!" * 10_000 + "a")
