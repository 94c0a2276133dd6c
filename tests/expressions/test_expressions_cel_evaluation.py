"""Conditions have CEL's outcome: the table of ``ir-semantics`` 4.1, line by line."""

from __future__ import annotations

import pytest

from argosy_expressions.cel import evaluate, holds, parse, select
from argosy_expressions.errors import EvaluationError
from argosy_schemas.values import JsonValue

INPUTS: dict[str, JsonValue] = {
    "s": "heads",
    "twelve": "12",
    "n": 5,
    "d": 3.7,
    "b": True,
    "z": None,
    "l": [1, 2.5, "x", None, [1]],
    "m": {"k": {"q": 1}, "e": ""},
    "big": 2**53 + 1,
    "huge": 10**400,
}

OUTCOMES = [
    ("$s == 'heads'", True),
    ("$s != 'heads'", False),
    ("$n == 5", True),
    ("$n == 5.0", True),
    ("$n < 5.5", True),
    ("5 < $d == false", True),
    ("$twelve == 12", False),
    ("$s == 5", False),
    ("$z == ''", False),
    ("$z == null", True),
    ("$s == null", False),
    ("$b == true", True),
    ("$b", True),
    ("$b == 1", False),
    ("false < $b", True),
    ("$s < 'tails'", True),
    ("'ü' < '😀'", True),
    ("int($twelve) == 12", True),
    ("int($d) == 3", True),
    ("int(-3.7) == -3", True),
    ("int('+5') == 5", True),
    ("double($twelve) == 12.0", True),
    ("double('1e3') == 1000.0", True),
    ("double('nan') == double('nan')", False),
    ("double('nan') < 1.0 || double('nan') >= 1.0", False),
    ("string($n) == '5'", True),
    ("string($d) == '3.7'", True),
    ("string(1234567.0) == '1.234567e+06'", True),
    ("string($b) == 'true'", True),
    ("bool('t') && bool('TRUE') && !bool('0')", True),
    ("$l == $l", True),
    ("$l[0] == 1", True),
    ("$l[1.0] == 2.5", True),
    ("$l[4][0] == 1", True),
    ("$m.k.q < 2", True),
    ("$m['k']['q'] == 1.0", True),
    ("$m == $m", True),
    ("$m == $l", False),
    ("parseJson('{\"a\":[1]}').a[0] == 1", True),
    ("$huge > 1e308", True),
    ("9007199254740993 == 9007199254740992.0", True),
    ("$absent == 1 || $b", True),
    ("$b || $absent == 1", True),
    ("$absent == 1 && !$b", False),
    ("!$b && $absent == 1", False),
    ("$s || $b", True),
    ("!($s == 'x') && !($s == 'y')", True),
]

FAILURES = [
    ("$absent == 1", "'absent' has no value here"),
    ("$absent == 1 || !$b", "'absent' has no value here"),
    ("$m.x == 1", "There is no key 'x'"),
    ("$m[0] == 1", "a map has no member by an integer"),
    ("$l[5] == 1", "There is no item 5 in a list of 5"),
    ("$l[-1] == 1", "There is no item -1 in a list of 5"),
    ("$l[0.5] == 1", "a list has no member by a number"),
    ("$l[double('nan')] == 1", "a list has no member by a number"),
    ("$l[double('inf')] == 1", "a list has no member by a number"),
    ("$l[true] == 1", "a list has no member by a boolean"),
    ("$s[0] == 'h'", "a text has no member by an integer"),
    ("$z.k == 1", "null has no member by a text"),
    ("$s < 5", "a text and an integer have no order"),
    ("$z < 5", "null and an integer have no order"),
    ("$b < 5", "a boolean and an integer have no order"),
    ("int($s) == 1", "int() cannot read 'heads' as an integer"),
    (f"int('{'x' * 61}') == 1", f"int() cannot read '{'x' * 60}…' as an integer"),
    ("int('0x10') == 16", "int() cannot read '0x10' as an integer"),
    ("int(' 5') == 5", "int() cannot read ' 5' as an integer"),
    ("int($z) == 1", "int() does not take null"),
    ("int($b) == 1", "int() does not take a boolean"),
    ("int($l) == 1", "int() does not take a list"),
    ("int(9223372036854775807.0) == 1", "int() does not take a number beyond 64 bits"),
    ("int(-9223372036854775808.0) == 1", "int() does not take a number beyond 64 bits"),
    ("int('9223372036854775808') == 1", "int() cannot read '9223372036854775808' as an integer"),
    ("double('1e999') > 1.0", "double() cannot read '1e999' as a number"),
    ("string($z) == ''", "string() does not take null"),
    ("bool('yes')", "bool() cannot read 'yes' as true or false"),
    ("bool($n)", "bool() does not take a number"),
    ("parseJson('{') == 1", "parseJson() cannot read '{' as JSON"),
    ("parseJson('NaN') == 1", "parseJson() cannot read 'NaN' as JSON"),
    ("parseJson($n) == 1", "parseJson() does not take a number"),
    ("!$s", "Expected a boolean here, not a text"),
    ("$s && $b", "Expected a boolean here, not a text"),
    ("$s", "A condition must be true or false, not a text"),
    ("$n", "A condition must be true or false, not an integer"),
]

ARTIFACTS: dict[str, list[dict[str, JsonValue]]] = {
    "m": [{"uri": "s3://b/m", "metadata": {"acc": 0.9, "steps": 3}}, {"name": "second"}],
}


def spelt(text: str) -> str:
    """Return a condition with ``$x`` written out."""
    return "".join(
        part if index % 2 == 0 else f"inputs.parameter_values.{part}"
        for index, part in enumerate(_parts(text))
    )


def _parts(text: str) -> list[str]:
    found: list[str] = []
    plain, *rest = text.split("$")
    found.append(plain)
    for piece in rest:
        end = next((i for i, c in enumerate(piece) if not c.isalnum()), len(piece))
        found += [piece[:end], piece[end:]]
    return found


@pytest.mark.parametrize(("text", "outcome"), OUTCOMES)
def test_a_condition_has_the_outcome_of_cel(text: str, outcome: bool) -> None:
    assert holds(parse(spelt(text)), INPUTS) is outcome


@pytest.mark.parametrize(("text", "message"), FAILURES)
def test_a_failure_is_never_false(text: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        holds(parse(spelt(text)), INPUTS)

    assert caught.value.fault.message == message


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("inputs.artifacts['m'].artifacts[0].uri == 's3://b/m'", True),
        ("inputs.artifacts['m'].artifacts[0].metadata['acc'] > 0.5", True),
        ("inputs.artifacts['m'].artifacts[0].metadata.steps == 3", True),
        ("inputs.artifacts['m'].artifacts[1].uri == ''", True),
        ("inputs.artifacts['m'].artifacts[1].name == 'second'", True),
    ],
)
def test_artifacts_are_read_as_protobuf_has_them(text: str, outcome: bool) -> None:
    assert holds(parse(text), {}, ARTIFACTS) is outcome


def test_a_missing_metadata_key_fails() -> None:
    text = "inputs.artifacts['m'].artifacts[1].metadata['acc'] > 0.5"

    with pytest.raises(EvaluationError, match="There is no key 'acc'"):
        holds(parse(text), {}, ARTIFACTS)


def test_a_value_comes_back_as_json_with_integers_where_they_are() -> None:
    value = evaluate(parse("parseJson('[1.0, 2.5, {\"a\": 3}]')"), {})

    assert value == [1, 2.5, {"a": 3}]
    assert isinstance(value, list)
    assert type(value[0]) is int


@pytest.mark.parametrize(
    ("selector", "value", "text", "selected"),
    [
        ('parseJson(string_value)["a"]', {"a": 1.0}, '{"a":1}', 1),
        ('parseJson(string_value)["a"]', {"a": {"b": [None]}}, '{"a":{"b":[null]}}', {"b": [None]}),
        ("parseJson(string_value)", "7", "7", 7),
        ("struct_value.a", {"a": "x"}, '{"a":"x"}', "x"),
        ("list_value[1]", [1, 2], "[1,2]", 2),
        ("number_value", 2.5, "2.5", 2.5),
        ("bool_value", True, "true", True),
        ("string_value", 5, "5", "5"),
    ],
)
def test_a_selector_picks_from_the_value_or_its_text(
    selector: str, value: JsonValue, text: str, selected: JsonValue
) -> None:
    assert select(selector, value, text) == selected


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ('parseJson(string_value)["b"]', "There is no key 'b'"),
        ("number_value", "'number_value' has no value here"),
    ],
)
def test_a_selector_that_finds_nothing_fails(selector: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        select(selector, {"a": 1}, '{"a":1}')

    assert caught.value.fault.message == message
