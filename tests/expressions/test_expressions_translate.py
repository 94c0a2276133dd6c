"""A translated condition has the outcome of the original, whatever the inputs are."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy_expressions.argo import evaluate, fill
from argosy_expressions.cel import holds, parse
from argosy_expressions.cel.checking import ANY
from argosy_expressions.cel.values import ValueKind
from argosy_expressions.errors import ExpressionError
from argosy_expressions.operands import Operand
from argosy_expressions.terms import quote
from argosy_expressions.translate import Untranslatable, to_argo
from argosy_schemas.ir.model import ParameterType
from argosy_schemas.ir.parameters import ParameterValueError, coerce, to_text
from argosy_schemas.values import JsonValue
from cel_conditions import OPERANDS, conditions, environment, inputs, sdk_conditions

TABLE = json.loads((Path(__file__).parent / "data" / "translated_conditions.json").read_text())

SHAPES = [
    ("$s == 'heads'", "workflow.parameters['s'] == 'heads'"),
    ("$s != 'tails'", "workflow.parameters['s'] != 'tails'"),
    ("!($s == 'a') && $s == 'b'", "!(@s == 'a') && @s == 'b'"),
    ("!($s == 'a') && !($s == 'b')", "!(@s == 'a') && !(@s == 'b')"),
    ("$b == true", "@b == true"),
    ("$b", "!!@b"),
    ("!$b", "!!!@b"),
    ("$d > 0.5", "@d > 0.5"),
    ("$n == null", "@n == nil"),
    ("$s == 5", "false"),
    ("$s != 5", "true"),
    ("int($s) == 12", "int(@s) == 12"),
    ("int($n) > 5", "int(find([@n], abs(#) < 9.223372036854776e18)) > 5"),
    ("double($n) == 1.5", "float(@n) == 1.5"),
    ("double($s) < -0.5", "float(@s) < -0.5"),
    ("string($n) == '5'", "string(@n * 1.0) == '5'"),
    ("string($b) == 'true'", "string(!!@b) == 'true'"),
    ("string($s) == ''", "(@s + '') == ''"),
    ("$b < true", "(@b ? 1 : 0) < (true ? 1 : 0)"),
    ("$m.k == 1", "find([@m], 'k' in #)['k'] == 1"),
    ("$l[0] == 1", "@l[0] == 1"),
    ("$l[0][1] == 1", "find([@l[0]], type(#) == 'array')[1] == 1"),
    ("parseJson($s) == 1", "fromJSON(@s) == 1"),
    ("$n < 5 && $s == 'a'", "@s == 'a' && @n < 5"),
    ("$n < 5 || $d < 5",
     "(@n != nil && @n < 5 || @d != nil && @d < 5) ? true :"
     " @n != nil && !(@n < 5) && @d != nil && !(@d < 5) ? false :"
     " fromJSON('the condition fails on these values')"),
    ("$n == -9223372036854775808", "@n == (-9223372036854775807 - 1)"),
    ("$d == double('nan')", "@d == float('nan')"),
]  # fmt: skip

NOT_NULL = [
    ("$b", "@b"),
    ("$b && $n < 5", "@b && @n < 5"),
    ("$n < 5 || $d < 5", "@n < 5 || @d < 5"),
    ("double($d) < 5.0", "@d < 5.0"),
    ("string($s) == 'a'", "@s == 'a'"),
    ("string($n) == '1'", "string(@n) == '1'"),
]

REFUSED = [
    ("inputs.artifacts['model'].artifacts[0].uri == ''", "it reads the artifact 'model'"),
    ("$l[$n] == 1", "it reads a member by a computed key"),
    ("int($s) == 1 || int($n) == 1", "'||' must evaluate both sides although either may fail"),
    ("$m.a < $m.b", "it orders values whose types are known only at run time"),
    ("string($m.a) == ''", "string() takes a value whose type is known only at run time"),
    ("$s < 5", "it orders values that have no order"),
    ("int($b) == 1", "int() takes a value on which it always fails"),
    ("int('x') == 1", "int() cannot read 'x' as an integer"),
    ("$s", "it uses a value as a boolean that is never one"),
]


def spelt(text: str) -> str:
    return text.replace("$", "inputs.parameter_values.")


def emitted(text: str) -> str:
    for name, operand in OPERANDS.items():
        text = text.replace(f"@{name}", operand.expression)
    return text


def native(text: str, values: Mapping[str, JsonValue]) -> bool | None:
    try:
        return holds(parse(text), values)
    except ExpressionError:
        return None


def translated(text: str, values: Mapping[str, JsonValue]) -> bool | None:
    return evaluated(text, environment(values))


def quoted_in_cel(text: str) -> str:
    return "'" + "".join(f"\\U{ord(letter):08x}" for letter in text) + "'"


def evaluated(text: str, found: Mapping[str, JsonValue]) -> bool | None:
    try:
        value = evaluate(text, found)
    except ExpressionError:
        return None
    return value if isinstance(value, bool) else None


@pytest.mark.parametrize(("text", "translation"), SHAPES)
def test_a_condition_is_as_short_as_its_outcome_allows(text: str, translation: str) -> None:
    assert to_argo(parse(spelt(text)), OPERANDS) == emitted(translation)


@pytest.mark.parametrize(("text", "translation"), NOT_NULL)
def test_operands_that_are_never_null_make_it_shorter(text: str, translation: str) -> None:
    operands = {
        name: Operand(expression=operand.expression, type=operand.type, nullable=False)
        for name, operand in OPERANDS.items()
    }

    assert to_argo(parse(spelt(text)), operands) == emitted(translation)


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_cannot_be_translated_says_why(text: str, reason: str) -> None:
    assert to_argo(parse(spelt(text)), OPERANDS) == Untranslatable(reason)


def test_an_operand_that_is_no_simple_value_is_bracketed() -> None:
    operand = Operand(expression="a.b ? c.d : e.f", type=ParameterType.STRING)

    assert to_argo(parse(spelt("$x == 'a'")), {"x": operand}) == "(a.b ? c.d : e.f) == 'a'"


def test_such_an_operand_is_bracketed_in_guards_as_well() -> None:
    operands = {
        "x": Operand(expression="a ? b : c", type=ParameterType.NUMBER_DOUBLE),
        "y": Operand(expression="d", type=ParameterType.NUMBER_DOUBLE, nullable=True),
    }

    assert to_argo(parse(spelt("$x < 5 || $y < 5")), operands) == (
        "((a ? b : c) != nil && (a ? b : c) < 5 || d != nil && d < 5) ? true :"
        " (a ? b : c) != nil && !((a ? b : c) < 5) && d != nil && !(d < 5) ? false :"
        " fromJSON('the condition fails on these values')"
    )


@pytest.mark.parametrize(
    ("text", "values", "outcome"),
    [
        ("$n < 5 || $d < 5", {"n": None, "d": 1}, True),
        ("$n < 5 || $d < 5", {"n": None, "d": 9}, None),
        ("$n < 5 && $d < 5", {"n": None, "d": 9}, False),
        ("bool($b) && $n < 5", {"b": None, "n": 9}, False),
        ("bool($b) && $n < 5", {"b": None, "n": 1}, None),
        ("int($n) == 1 || int($k) == 1", {"n": 10**20, "k": 1}, True),
        ("double($n) == 1.0 || double($d) == 1.0", {"n": None, "d": 1}, True),
        ("string($n) == '1' || string($b) == 'true'", {"n": None, "b": True}, True),
        ("($n < 1 && $s == 'x') == $b || $d < 1", {"n": None, "s": "x", "b": True, "d": 0}, True),
        ("!($n < 1 && $s == 'x') && !($d < 1)", {"n": None, "s": "x", "d": 0}, False),
        ("$b < $c || $n < 1", {"b": None, "c": True, "n": 0}, True),
    ],
)
def test_what_cel_absorbs_is_absorbed(
    text: str, values: Mapping[str, JsonValue], outcome: bool | None
) -> None:
    translation = to_argo(parse(spelt(text)), OPERANDS)

    assert isinstance(translation, str)
    assert (native(spelt(text), values), translated(translation, values)) == (outcome, outcome)


@pytest.mark.parametrize(("text", "values", "translation", "outcome"), TABLE["cases"])
def test_what_expr_lang_was_shown_is_what_is_emitted(
    text: str, values: Mapping[str, JsonValue], translation: str, outcome: bool | None
) -> None:
    """The outcomes in the table are expr-lang's; a new translation has to be shown to it again."""
    assert to_argo(parse(text), OPERANDS) == translation
    assert translated(translation, values) == outcome
    assert native(text, values) == outcome


@pytest.mark.parametrize(
    "text",
    [
        "{{x}}",
        "}}",
        "it's",
        '"',
        "\\",
        "\\u003c",
        "\n\t\x1b\x00\x7f",
        "ü😀",
        "\u2028\u00a0\U000e0067",
    ],
)
def test_a_text_survives_the_way_through_argo(text: str) -> None:
    literal = quote(text)

    assert fill(f"{{{{= {literal} == a.b }}}}", {"a": {"b": text}}) == "true"
    assert not set('{}"') & set(literal)


@settings(max_examples=400, deadline=None)
@given(sdk_conditions(), inputs())
def test_conditions_of_the_sdk_have_the_same_outcome(
    text: str, values: Mapping[str, JsonValue]
) -> None:
    translation = to_argo(parse(text), OPERANDS)

    if isinstance(translation, Untranslatable):
        assert translation.reason.endswith("must evaluate both sides although either may fail")
    else:
        assert translated(translation, values) == native(text, values)


@settings(max_examples=600, deadline=None)
@given(conditions(), inputs())
def test_all_conditions_that_are_translated_have_the_same_outcome(
    text: str, values: Mapping[str, JsonValue]
) -> None:
    translation = to_argo(parse(text), OPERANDS)

    if isinstance(translation, str):
        assert translated(translation, values) == native(text, values)
        assert not any(sign in translation for sign in ("{{", "}}", '"'))


UNCERTAIN = json.loads((Path(__file__).parent / "data" / "uncertain_operands.json").read_text())


def uncertain(declared: ParameterType, kinds: Collection[ValueKind]) -> Mapping[str, Operand]:
    return {
        name: Operand(
            expression=f"fromJSON(workflow.parameters['{name}'])",
            type=declared,
            kinds=frozenset(kinds),
        )
        for name in ("x", "y")
    }


def in_json(values: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    return {"workflow": {"parameters": {name: json.dumps(value) for name, value in values.items()}}}


def as_declared(text: str, values: Mapping[str, JsonValue], declared: ParameterType) -> bool | None:
    """Return the outcome on what inputs of this type receive of the values."""
    try:
        return native(text, {name: coerce(value, declared) for name, value in values.items()})
    except ParameterValueError:
        return None


@pytest.mark.parametrize(
    ("text", "declared", "kinds", "values", "translation", "outcome"), UNCERTAIN["cases"]
)
def test_what_is_not_sure_to_be_of_its_type_is_converted_or_fails(
    text: str,
    declared: str,
    kinds: list[str],
    values: Mapping[str, JsonValue],
    translation: str,
    outcome: bool | None,
) -> None:
    """As above, the outcomes are expr-lang's."""
    kind = ParameterType(declared)
    operands = uncertain(kind, [ValueKind(one) for one in kinds])

    assert to_argo(parse(text), operands) == translation
    assert evaluated(translation, in_json(values)) == outcome
    assert as_declared(text, values, kind) == outcome


@pytest.mark.parametrize(
    ("text", "declared", "translation"),
    [
        ("$x == 'a'", ParameterType.STRING, "@x == 'a'"),
        ("$x == '1'", ParameterType.STRING, "@x in ['1', 1]"),
        ("$x != 'true'", ParameterType.STRING, "!(@x in ['true', true])"),
        ("$x == null", ParameterType.STRING, "@x == nil"),
        ("int($x) < 5", ParameterType.NUMBER_INTEGER, "int(find([@x], abs(#) < @)) < 5"),
        ("$x > 1.5", ParameterType.NUMBER_DOUBLE, "@x > 1.5"),
        ("$x", ParameterType.BOOLEAN, "!!@x"),
        ("$x == true", ParameterType.BOOLEAN, "map([@x], # == nil ? # : !!#)[0] == true"),
    ],
)
def test_a_check_is_written_only_where_nothing_else_fails(
    text: str, declared: ParameterType, translation: str
) -> None:
    expected = translation.replace("@x", "fromJSON(workflow.parameters['x'])")

    found = to_argo(parse(spelt(text)), uncertain(declared, ANY - {ValueKind.INT}))

    assert found == expected.replace("@)", "9.223372036854776e18)")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$x == $y", "it needs the text of 'x', which may be a list or struct"),
        ("$x < '[1]'", "it needs the text of 'x', which may be a list or struct"),
        ("int($x) == 1", "it needs the text of 'x', which may be a list or struct"),
    ],
)
def test_texts_of_lists_that_argo_cannot_write_are_left_to_a_pod(text: str, reason: str) -> None:
    operands = uncertain(ParameterType.STRING, ANY - {ValueKind.INT})

    assert to_argo(parse(spelt(text)), operands) == Untranslatable(reason)


_JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["", "1", "true", "a", "1.5", "[1]", "<&>", '{"a":1}', "é\u2028"]),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=3,
)


@settings(max_examples=600, deadline=None)
@given(_JSON, st.sampled_from(["==", "!=", "<", ">="]), st.data())
def test_any_value_compares_as_the_text_that_it_is(
    value: JsonValue, operator: str, data: st.DataObject
) -> None:
    other = data.draw(st.sampled_from([to_text(value), "1", "0.0000015", "a"]))
    text = f"inputs.parameter_values['x'] {operator} {quoted_in_cel(other)}"

    translation = to_argo(parse(text), uncertain(ParameterType.STRING, ANY - {ValueKind.INT}))

    if isinstance(translation, str):
        outcome = evaluated(translation, in_json({"x": value}))
        assert outcome == as_declared(text, {"x": value}, ParameterType.STRING)
    else:
        assert operator not in ("==", "!=")
