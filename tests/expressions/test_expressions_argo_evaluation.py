"""Argo's expressions have the results that expr-lang gives, or are refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from argosy_expressions.argo import check, evaluate
from argosy_expressions.argo.values import get_type_name
from argosy_expressions.errors import (
    EvaluationError,
    ExpressionError,
    ExpressionSyntaxError,
    UnsupportedExpressionError,
)
from argosy_expressions.gotext import format_float, marshal
from argosy_schemas.values import JsonValue

TABLE = json.loads((Path(__file__).parent / "data" / "expr_lang.json").read_text())

STRICTER = {
    "string(fromJSON(workflow.parameters.l))": "prints Go's notation of a list",
    "fromJSON(workflow.parameters.z) && true": "its optimizer takes 'x && true' for 'x'",
    "workflow.parameters.s || true": "its optimizer takes 'x || true' for 'true'",
    "find([1], { # == 1 })": "a predicate may stand in braces",
    "'\\ud800'": "half a character becomes U+FFFD",
}
"""What expr-lang evaluates and is an error here; and why it does not matter or must not be used."""

REFUSED = [
    ("1 ?? 2", "The operator '??'"),
    ("workflow?.parameters", "The operator '?.'"),
    ("[1] | len()", "The operator '|'"),
    ("1..3", "The operator '..'"),
    ("2 ** 3", "The operator '**'"),
    ("1 / 2", "The operator '/'"),
    ("1 % 2", "The operator '%'"),
    ("true and true", "The operator 'and'"),
    ("1 not in [1]", "The operator 'not'"),
    ("toJSON(1)", "The function 'toJSON'"),
    ("let x = 1; x", "The operator 'let'"),
    ("if true { 1 } else { 2 }", "The operator 'if'"),
    ("'a' matches 'a'", "The operator 'matches'"),
    ("1; 2", "The operator ';'"),
    ("[1, 2][0:1]", "A slice"),
    ("1 < 2 < 3", "A chain of comparisons"),
    ("upper('a')", "The function 'upper'"),
    ("filter([1], # > 0)", "The function 'filter'"),
    ("sprig.upper('a')", "The function 'sprig.upper'"),
    ("workflow.parameters.s.upper()", "The method 'upper'"),
    ("jsonpath('{}', '$.a')", "The function 'jsonpath'"),
]

BROKEN = [
    ("", "Write a value here (in '')"),
    ("1 +", "Write a value here (column 4 of '1 +')"),
    ("a b", "End the expression here, or write an operator first (column 3 of 'a b')"),
    ("fromJSON('a'", "Write ')' here (column 13 of 'fromJSON('a'')"),
    ("len()", "Give 'len' 1 argument, not 0 (in 'len()')"),
    (
        "sprig.trimPrefix('a')",
        "Give 'sprig.trimPrefix' 2 arguments, not 1 (in 'sprig.trimPrefix('a')')",
    ),
    ("# == 1", "Use '#' in predicates only (column 1 of '# == 1')"),
    ("'a' == 5", "Make both sides of '==' alike, not string and number (in ''a' == 5')"),
    ("1 + 2 == 'a'", "Make both sides of '==' alike, not number and string (in '1 + 2 == 'a'')"),
    (
        "(true ? 1 : 2) == 'a'",
        "Make both sides of '==' alike, not number and string"
        " (column 2 of '(true ? 1 : 2) == 'a'')",
    ),
    ("'a' && true", "Write a boolean here, not string (column 1 of ''a' && true')"),
    ("9223372036854775808", "Write a number of 64 bits (in '9223372036854775808')"),
]

CONTROL = "eyJPdXRwdXQiOiJoZWFkcyIsIm4iOjd9"  # {"Output":"heads","n":7}
ENVIRONMENT: dict[str, JsonValue] = {
    "workflow": {"parameters": {"n": "5", "items": '["a", {"k": 2}]', "z": "null"}},
    "tasks": {
        "flip-coin": {"outputs": {"parameters": {"control": CONTROL}}, "status": "Succeeded"}
    },
    "item": "1",
}


def result(text: str) -> list[str | None]:
    try:
        value = evaluate(text, TABLE["environment"])
    except ExpressionError:
        return [None, None]
    if isinstance(value, float) and value not in (value, float("inf"), float("-inf")):
        return ["float", "NaN"]
    try:
        return [get_type_name(value), marshal(value)]
    except ValueError:
        assert isinstance(value, float)
        return ["float", format_float(value)]


@pytest.mark.parametrize(("text", "kind", "value"), TABLE["cases"])
def test_the_result_is_that_of_expr_lang(text: str, kind: str | None, value: str | None) -> None:
    expected: list[str | None] = [None, None] if text in STRICTER else [kind, value]

    # A text that is not base64 gives sprig's message, whose end says where.
    if value == '"illegal base64 data at input byte 0"':
        expected = ["string", '"illegal base64 data"']
    assert result(text) == expected


@pytest.mark.parametrize(("text", "what"), REFUSED)
def test_what_the_compiler_never_emits_is_refused_by_name(text: str, what: str) -> None:
    with pytest.raises(UnsupportedExpressionError) as caught:
        check(text)

    assert (
        caught.value.fault.message == f"{what} is not in the part of the language that Argosy uses"
    )


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_an_error_says_what_to_do_and_where(text: str, message: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        check(text)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            "fromJSON(sprig.b64dec(tasks['flip-coin'].outputs.parameters.control))['Output']",
            "heads",
        ),
        ("fromJSON(sprig.b64dec(tasks['flip-coin'].outputs.parameters.control))['n'] > 5", True),
        ("fromJSON(workflow.parameters['items'])[asInt(item)].k", 2.0),
        ("len(fromJSON(workflow.parameters.items))", 2),
        ("toJson({'Output': 'a', 'Output@length': 3 })", '{"Output":"a","Output@length":3}'),
        ("tasks['flip-coin'].status == 'Succeeded' ? 'a' : tasks['nope'].status", "a"),
    ],
)
def test_what_the_compiler_emits_is_evaluated(text: str, value: JsonValue) -> None:
    assert evaluate(text, ENVIRONMENT) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tasks['nope'].outputs.parameters.control",
         "There is no 'outputs' in nil (column 1 of 'tasks['nope'].outputs.parameters.control')"),
        ("nope.x", "'nope' is not known here (column 1 of 'nope.x')"),
        ("fromJSON(sprig.b64dec(''))['Output']",
         "fromJSON() of '', which is not JSON"
         " (column 1 of 'fromJSON(sprig.b64dec(''))['Output']')"),
        ("fromJSON(workflow.parameters.z) < 5",
         "'<' of nil and int (in 'fromJSON(workflow.parameters.z) < 5')"),
        ("fromJSON(workflow.parameters.n) && true",
         "Expected a boolean here, not float"
         " (column 1 of 'fromJSON(workflow.parameters.n) && true')"),
        ("fromJSON(workflow.parameters.items)[2]",
         "There is no item 2 of 2 (in 'fromJSON(workflow.parameters.items)[2]')"),
        ("[1, 2][float('NaN')]",
         "There is no item NaN of 2 (in '[1, 2][float('NaN')]')"),
        ("[1, 2][float('inf')]",
         "There is no item +Inf of 2 (in '[1, 2][float('inf')]')"),
        ("repeat('a', float('inf'))",
         "repeat() by +Inf (in 'repeat('a', float('inf'))')"),
        ("repeat('a', 1e18)",
         "repeat() by 1e+18, which exceeds a million (in 'repeat('a', 1e18)')"),
        ("int(9.223372036854776e18)",
         "int() of 9.223372036854776e+18, which exceeds 64 bits"
         " (in 'int(9.223372036854776e18)')"),
        (f"int('{'9' * 61}')", f"int() of '{'9' * 60}…' (in 'int('{'9' * 61}')')"),
        ("int(1e19)", "int() of 1e+19, which exceeds 64 bits (in 'int(1e19)')"),
    ],
)  # fmt: skip
def test_an_ill_typed_operation_is_an_error_never_false(text: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluate(text, ENVIRONMENT)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 10_000 + "1" + ")" * 10_000, id="brackets"),
        pytest.param("!" * 10_000 + "true", id="negations"),
        pytest.param("a" + ".b" * 10_000, id="members"),
        pytest.param("1" + " + 1" * 10_000, id="sums"),
        pytest.param("[" * 10_000, id="lists"),
    ],
)
def test_nesting_without_end_is_refused_not_crashed_on(text: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match="Nest at most 64 deep"):
        check(text)


def test_json_that_nests_without_end_is_an_error() -> None:
    text = "[" * 100_000 + "]" * 100_000

    with pytest.raises(EvaluationError, match="which is not JSON"):
        evaluate("fromJSON(a.b)", {"a": {"b": text}})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("'a'" + " + 'a'" * 60, "a" * 61, id="sum"),
        pytest.param("(" + "true ? " * 60 + "1" + " : 1" * 60 + ") == 1", True, id="choice"),
    ],
)
def test_deep_nesting_costs_no_more_than_its_length(text: str, value: JsonValue) -> None:
    assert evaluate(text, {}) == value
