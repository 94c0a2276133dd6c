"""CEL text becomes a tree, or an error that shows the place."""

from __future__ import annotations

import pytest

from argosy_expressions.cel import parse
from argosy_expressions.cel.ast import (
    Artifacts,
    Call,
    Compare,
    Index,
    Literal,
    Logic,
    Node,
    Not,
    Parameter,
)
from argosy_expressions.errors import ExpressionSyntaxError, UnsupportedExpressionError

SPELLINGS = [
    "inputs.parameter_values['x']",
    'inputs.parameter_values["x"]',
    "inputs.parameter_values.x",
    "inputs['parameter_values']['x']",
    "(inputs.parameter_values)['x']",
    "inputs . parameter_values [ 'x' ]",
]

LITERALS = [
    ("'a'", "a"),
    ('"a"', "a"),
    ("'it\\'s'", "it's"),
    ("'\\u00fc\\U0001F600\\x41\\101\\n\\\\'", "ü😀AA\n\\"),
    ("''", ""),
    ("5", 5),
    ("-5", -5),
    ("0x1F", 31),
    ("-9223372036854775808", -(2**63)),
    ("1.5", 1.5),
    ("-1e-7", -1e-7),
    (".5", 0.5),
    ("true", True),
    ("false", False),
    ("null", None),
]

UNSUPPORTED = [
    ("inputs.parameter_values.l.exists(x, x > 1)", "the macro 'exists'"),
    ("size(inputs.parameter_values.l) > 1", "the function 'size'"),
    ("inputs.parameter_values.s.startsWith('a')", "the function 'startsWith'"),
    ("inputs.parameter_values.n + 1 == 2", "the operator '+'"),
    ("-inputs.parameter_values.n == 2", "the operator '-'"),
    ("inputs.parameter_values.b ? true : false", "the operator '?'"),
    ("inputs.parameter_values.n in [1, 2]", "the operator 'in'"),
    ("inputs.parameter_values.l == [1]", "a list"),
    ("inputs.parameter_values.m == {'k': 1}", "a map"),
    ("inputs.parameter_values.n == 1u", "an unsigned number"),
]

BROKEN = [
    ("", "Write a value here (in '')"),
    ("a ==", "Write a value here (column 5 of 'a ==')"),
    ("a b", "End the expression here, or write an operator first (column 3 of 'a b')"),
    ("'abc", "Close the quote (in ''abc')"),
    ("int(1", "Write ')' here (column 6 of 'int(1')"),
    ("a[1", "Write ']' here (column 4 of 'a[1')"),
    ("a.1", "End the expression here, or write an operator first (column 2 of 'a.1')"),
    ("a $ b", "Remove '$', which means nothing here (column 3 of 'a $ b')"),
    ("'a\\q' == 'a'", "Write an escape that exists (column 3 of ''a\\q' == 'a'')"),
    ("9223372036854775808 == 1",
     "Write a number of 64 bits (column 1 of '9223372036854775808 == 1')"),
    ("'int(inputs.parameter_values['x'])' == '5'",
     "End the expression here, or write an operator first"
     " (column 31 of ''int(inputs.parameter_values['x'])' == '5'')"),
]  # fmt: skip


def bare(node: Node) -> object:
    """Return a tree without its spans."""
    match node:
        case Literal(value):
            return value
        case Parameter(name) | Artifacts(name):
            return (type(node).__name__, name)
        case Index(operand, index):
            return ("Index", bare(operand), bare(index))
        case Call(function, argument):
            return (function, bare(argument))
        case Not(operand):
            return ("!", bare(operand))
        case Compare(operator, left, right):
            return (operator, bare(left), bare(right))
        case Logic(operator, operands):
            return (operator, *map(bare, operands))
        case _:
            return type(node).__name__


@pytest.mark.parametrize("text", SPELLINGS)
def test_every_spelling_of_an_input_is_the_same_read(text: str) -> None:
    expression = parse(text)

    assert (bare(expression.root), expression.parameters) == (("Parameter", "x"), frozenset({"x"}))


@pytest.mark.parametrize(("text", "value"), LITERALS)
def test_a_literal_means_what_cel_says(text: str, value: object) -> None:
    root = parse(text).root

    assert isinstance(root, Literal)
    assert (type(root.value), root.value) == (type(value), value)


def test_a_branch_of_the_sdk_is_one_chain() -> None:
    x = "inputs.parameter_values['x']"

    expression = parse(f"!({x} == 'a') && !({x} == 'b') && int({x}) >= 3")

    assert bare(expression.root) == (
        "&&",
        ("!", ("==", ("Parameter", "x"), "a")),
        ("!", ("==", ("Parameter", "x"), "b")),
        (">=", ("int", ("Parameter", "x")), 3),
    )


def test_and_binds_tighter_than_or_and_comparisons_tighter_still() -> None:
    root = parse("1 == 2 || true && 3 < 4 == false").root

    assert bare(root) == ("||", ("==", 1, 2), ("&&", True, ("==", ("<", 3, 4), False)))


def test_artifacts_are_read_with_their_members() -> None:
    expression = parse("inputs.artifacts['m'].artifacts[0].metadata['k'] == 1")

    assert isinstance(expression.root, Compare)
    assert bare(expression.root.left) == (
        "Index",
        ("Index", ("Index", ("Artifacts", "m"), 0), "metadata"),
        "k",
    )
    assert expression.artifacts == {"m"}


@pytest.mark.parametrize(("text", "construct"), UNSUPPORTED)
def test_cel_that_the_sdk_never_writes_is_refused_by_name(text: str, construct: str) -> None:
    with pytest.raises(UnsupportedExpressionError) as caught:
        parse(text)

    assert caught.value.fault.message == (
        f"Argosy does not evaluate {construct}, which the KFP SDK never writes; compute the value"
        " in a component and compare its output"
    )


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_an_error_says_what_to_do_and_where(text: str, message: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse(text)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 10_000 + "1" + ")" * 10_000, id="brackets"),
        pytest.param("!" * 10_000 + "true", id="negations"),
        pytest.param("a" + ".b" * 10_000, id="members"),
        pytest.param("1" + " == 1" * 10_000, id="comparisons"),
    ],
)
def test_nesting_without_end_is_refused_not_crashed_on(text: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match="Nest at most 64 deep"):
        parse(text)


def test_a_long_chain_is_not_deep() -> None:
    expression = parse(" && ".join(["inputs.parameter_values.b"] * 2_000))

    assert isinstance(expression.root, Logic)
    assert len(expression.root.operands) == 2_000


@pytest.mark.parametrize(
    ("before", "after", "excerpt"),
    [
        ("", "", "1 == $"),
        ("", " && true" * 40, "1 == $" + " && true" * 14 + " && tru…"),
        ("true && " * 40, "", "…&& " + "true && " * 14 + "1 == $"),
    ],
)
def test_an_excerpt_shows_where_it_was_cut(before: str, after: str, excerpt: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse(f"{before}1 == ${after}")

    assert str(caught.value).partition(" of ")[2] == f"'{excerpt}')"
