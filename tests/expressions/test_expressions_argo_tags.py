"""Tags are replaced as Argo 3.7.18 and 4.1.2 replace them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from argosy_expressions.argo import fill
from argosy_expressions.errors import (
    EvaluationError,
    ExpressionError,
    ExpressionSyntaxError,
    UnsupportedExpressionError,
)
from argosy_schemas.values import JsonValue

TABLE = json.loads((Path(__file__).parent / "data" / "argo_tags.json").read_text())

DIFFERENT = {
    "{{=workflow.status == 'x'}}": "false",
    "{{=workflow.parameters.nope == 'x'}}": "false",
}
"""A name that is missing is null here.

Argo's strict pass fails on a missing name. No pass over a DAG's tasks is strict about
``workflow``, but the one over the items of a loop.
"""


def nested(values: dict[str, str]) -> dict[str, JsonValue]:
    """Return dotted names as mappings."""
    tree: dict[str, JsonValue] = {}
    for name, value in values.items():
        *above, last = name.split(".")
        place = tree
        for part in above:
            below = place.setdefault(part, {})
            assert isinstance(below, dict)
            place = below
        place[last] = value
    return tree


ENVIRONMENT = nested(TABLE["values"])


@pytest.mark.parametrize(("text", "result"), TABLE["cases"])
def test_a_tag_is_replaced_as_argo_does(text: str, result: str | None) -> None:
    expected = DIFFERENT.get(text, result)

    try:
        found: str | None = fill(text, ENVIRONMENT)
    except ExpressionError:
        found = None

    assert found == expected


def test_text_without_tags_is_the_very_same() -> None:
    text = '{"args": ["a } } b"]}' * 1_000

    assert fill(text, {}) is text


def test_a_simple_tag_carries_what_go_quotes_as_json_does() -> None:
    text = '\x80\u0085\uffff\ufdd0\b\f\n\r\t"\\ü😀'

    assert fill("{{a.b}}", {"a": {"b": text}}) == text


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("a {{b", EvaluationError, "Close the tag with '}}' (column 3 of 'a {{b')"),
        ("{{a.x}}", EvaluationError, "'a.x' is not known here (in 'a.x')"),
        ("{{a.esc}}", EvaluationError,
         "Argo cannot pass '\\x1b' in a tag; encode the value, e.g. as base64 (in 'a.esc')"),
        ("{{=a.x}}", EvaluationError, "A tag yields null (in 'a.x')"),
        ("{{=a.b +}}", ExpressionSyntaxError, "Write a value here (column 6 of 'a.b +')"),
        ("{{=upper(a.b)}}", UnsupportedExpressionError,
         "The function 'upper' is not in the part of the language that Argosy uses"
         " (column 1 of 'upper(a.b)')"),
        ("{{='\\u003c'}}", ExpressionSyntaxError,
         "Write '\\x3c' for '\\u003c': Argo replaces that escape too early (in ''\\u003c'')"),
        ("{{=float('inf')}}", EvaluationError,
         "A tag yields a value that JSON cannot hold: +Inf is not JSON (in 'float('inf')')"),
    ],
)  # fmt: skip
def test_an_error_says_which_tag_fails(
    text: str, error: type[ExpressionError], message: str
) -> None:
    with pytest.raises(error) as caught:
        fill(text, {"a": {"b": "x", "esc": "\x1b[0m"}})

    assert str(caught.value) == message
