"""Parameter values: types, coercion and text forms (ir-semantics 2.1 to 2.4)."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argosy_schemas.ir.model import ParameterSpec, ParameterType
from argosy_schemas.ir.parameters import (
    ParameterValueError,
    coerce,
    is_literal,
    parse_argument,
    parse_output,
    to_text,
)
from argosy_schemas.values import JsonValue, normalize

STRING = ParameterType.STRING
INTEGER = ParameterType.NUMBER_INTEGER
DOUBLE = ParameterType.NUMBER_DOUBLE
BOOLEAN = ParameterType.BOOLEAN
LIST = ParameterType.LIST
STRUCT = ParameterType.STRUCT

DEEP = "[" * 101 + "]" * 101

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # No halves of surrogate pairs: no UTF-8 file can hold them.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is\n", "as it is\n"),
        ("", ""),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (3.0, "3"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (1.5e300, "15" + "0" * 299),
        (1e21, "1000000000000000000000"),
        (2**53 + 1, "9007199254740993"),
        (2**63, "9223372036854775808"),
        (2.790693405013087e16, "27906934050130870"),
        ([], "[]"),
        ({"b": [1.5, None, "ä"], "a": {}}, '{"a":{},"b":[1.5,null,"ä"]}'),
        ([1e-7, {"x": 1e-05, "a": 1e22}], '[0.0000001,{"a":10000000000000000000000,"x":0.00001}]'),
        (["1e-7", 0.5], '["1e-7",0.5]'),
    ],
)
def test_the_text_of_a_value_has_no_exponent_no_blank_and_sorted_keys(
    value: JsonValue, text: str
) -> None:
    assert to_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_number_reads_back_as_that_number(number: float) -> None:
    text = to_text(number)

    assert "e" not in text
    assert float(text) == number
    assert Decimal(text) == Decimal(repr(number))


@given(json_values)
def test_the_text_of_a_list_is_json_for_the_same_value(value: JsonValue) -> None:
    text = to_text([value])

    # As a double, since digits are cut where those left say which one it is.
    assert json.loads(text, parse_int=float) == json.loads(json.dumps([value]), parse_int=float)


@pytest.mark.parametrize(
    ("value", "declared", "received"),
    [
        ("5", STRING, "5"),
        (5.0, STRING, "5"),
        (True, STRING, "true"),
        ([1.0, "a"], STRING, '[1,"a"]'),
        ({"b": 1, "a": None}, STRING, '{"a":null,"b":1}'),
        (5.0, INTEGER, 5),
        (3.5, INTEGER, 3.5),
        (5, DOUBLE, 5),
        (False, BOOLEAN, False),
        ([[1.0], {"a": 2.0}], LIST, [[1], {"a": 2}]),
        ({"a": 1.0}, STRUCT, {"a": 1}),
        ({"state": "FAILED"}, ParameterType.TASK_FINAL_STATUS, {"state": "FAILED"}),
        ({"env": []}, ParameterType.TASK_CONFIG, {"env": []}),
        (None, STRING, None),
        (None, BOOLEAN, None),
    ],
)
def test_a_string_input_takes_text_and_all_others_their_own_kind(
    value: JsonValue, declared: ParameterType, received: JsonValue
) -> None:
    coerced = coerce(value, declared)

    assert (coerced, type(coerced)) == (received, type(received))


@pytest.mark.parametrize(
    ("value", "declared", "problem"),
    [
        ("5", INTEGER, "is a string, not a NUMBER_INTEGER"),
        (True, DOUBLE, "is a boolean, not a NUMBER_DOUBLE"),
        (1, BOOLEAN, "is a number, not a BOOLEAN"),
        ("true", BOOLEAN, "is a string, not a BOOLEAN"),
        ("[]", LIST, "is a string, not a LIST"),
        ({}, LIST, "is an object, not a LIST"),
        ([], STRUCT, "is a list, not a STRUCT"),
        ("x", ParameterType.TASK_CONFIG, "is a string, not a TASK_CONFIG"),
    ],
)
def test_no_kind_turns_into_another(
    value: JsonValue, declared: ParameterType, problem: str
) -> None:
    with pytest.raises(ParameterValueError) as caught:
        coerce(value, declared)

    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("value", "literals", "allowed"),
    [
        (1, (1.0, 2), True),
        (2.0, (1, 2), True),
        ("1", (1,), False),
        (1, ("1",), False),
        (True, (1,), False),
        (1, (True,), False),
        ([1.0], ([1],), True),
        (None, (None,), True),
        (None, (0, ""), False),
        ("anything", (), True),
    ],
)
def test_a_literal_is_equal_by_kind_and_value(
    value: JsonValue, literals: tuple[JsonValue, ...], *, allowed: bool
) -> None:
    assert is_literal(value, literals) is allowed


@pytest.mark.parametrize(
    ("data", "declared", "value"),
    [
        (b" text\n", STRING, " text\n"),
        (b"", STRING, ""),
        ("ü\u2028\U0001f600".encode(), STRING, "ü\u2028\U0001f600"),
        (b" 5\n", INTEGER, 5),
        (b"-007", INTEGER, -7),
        (b"+5", INTEGER, 5),
        (b"9223372036854775807", INTEGER, 2**63 - 1),
        (b"-9223372036854775808", INTEGER, -(2**63)),
        (b"9007199254740993", INTEGER, 2**53 + 1),
        (b"0.5\n", DOUBLE, 0.5),
        (b"1e3", DOUBLE, 1000),
        (b".5", DOUBLE, 0.5),
        (b"5.", DOUBLE, 5),
        (b"0x1p-2", DOUBLE, 0.25),
        (b" [1.0, 2.5]\n", LIST, [1, 2.5]),
        (b'{"a": 1.0}', STRUCT, {"a": 1}),
        *((text, BOOLEAN, True) for text in (b"1", b"t", b"T", b"TRUE", b" true\n", b"True")),
        *((text, BOOLEAN, False) for text in (b"0", b"f", b"F", b"FALSE", b"false", b"False")),
    ],
)
def test_an_output_file_is_read_by_the_type_of_its_parameter(
    data: bytes, declared: ParameterType, value: JsonValue
) -> None:
    parsed = parse_output(data, declared)

    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("data", "declared", "problem"),
    [
        (b"1.0", INTEGER, "'1.0' is not a NUMBER_INTEGER"),
        (b"1_000", INTEGER, "'1_000' is not a NUMBER_INTEGER"),
        ("٣".encode(), INTEGER, "'٣' is not a NUMBER_INTEGER"),
        (b"", INTEGER, "'' is not a NUMBER_INTEGER"),
        (b"9223372036854775808", INTEGER, "'9223372036854775808' does not fit into 64 bits"),
        (b"9" * 5000, INTEGER, f"'{'9' * 60}…' does not fit into 64 bits"),
        (b"one", DOUBLE, "'one' is not a NUMBER_DOUBLE"),
        (b"1_0.5", DOUBLE, "'1_0.5' is not a NUMBER_DOUBLE"),
        ("٣.1".encode(), DOUBLE, "'٣.1' is not a NUMBER_DOUBLE"),
        (b"0xzz", DOUBLE, "'0xzz' is not a NUMBER_DOUBLE"),
        (b"nan", DOUBLE, "'nan' cannot be passed on: JSON has no such number"),
        (b"-Infinity", DOUBLE, "'-Infinity' cannot be passed on: JSON has no such number"),
        (b"1e400", DOUBLE, "'1e400' cannot be passed on: JSON has no such number"),
        (b"yes", BOOLEAN, "'yes' is not a BOOLEAN; write true or false"),
        (b"tRUE", BOOLEAN, "'tRUE' is not a BOOLEAN; write true or false"),
        (b"{}", LIST, "is an object, not a LIST"),
        (b"[1", LIST, "'[1' is not valid JSON: Expecting ',' delimiter: line 1 column 3 (char 2)"),
        (b"[NaN]", LIST, "'[NaN]' is not valid JSON at '[0]': NaN is not a JSON number"),
        (
            b'{"a": [1, {"b": NaN}]}',
            STRUCT,
            """'{"a": [1, {"b": NaN}]}' is not valid JSON at 'a[1].b': NaN is not a JSON number""",
        ),
        (
            b"[1e999]",
            LIST,
            "'[1e999]' is not valid JSON at '[0]': 1e999 does not fit into 64 bits",
        ),
        (
            DEEP.encode(),
            LIST,
            f"'{DEEP[:60]}…' is not valid JSON: is nested more than 100 levels deep",
        ),
        (b"caf\xe9", STRING, "is not UTF-8 at byte 3"),
    ],
)
def test_what_an_output_file_cannot_say_is_refused(
    data: bytes, declared: ParameterType, problem: str
) -> None:
    with pytest.raises(ParameterValueError) as caught:
        parse_output(data, declared)

    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("text", "declared", "value"),
    [
        ("", STRING, ""),
        ("5", STRING, "5"),
        ("null", STRING, "null"),
        ('"quoted"', STRING, '"quoted"'),
        ("5", INTEGER, 5),
        ("5.0", INTEGER, 5),
        ("1e2", DOUBLE, 100),
        ("3.5", INTEGER, 3.5),
        (" true ", BOOLEAN, True),
        ('[1.0, "ä"]', LIST, [1, "ä"]),
        ("[]", LIST, []),
        ('{"a": null}', STRUCT, {"a": None}),
        ("123456789012345678901234567890", INTEGER, 123456789012345678901234567890),
    ],
)
def test_an_argument_is_text_for_a_string_and_json_for_all_else(
    text: str, declared: ParameterType, value: JsonValue
) -> None:
    parsed = parse_argument(text, ParameterSpec(type=declared))

    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "declared", "problem"),
    [
        ("many", INTEGER, "'many' is not a NUMBER_INTEGER; write a number, e.g. 3"),
        ("", DOUBLE, "'' is not a NUMBER_DOUBLE; write a number, e.g. 0.5"),
        ("True", BOOLEAN, "'True' is not a BOOLEAN; write true or false"),
        ("a,b", LIST, "'a,b' is not a LIST; write a list as JSON, e.g. [1, 2]"),
        ("{", STRUCT, "'{' is not a STRUCT; write an object as JSON, e.g. {\"a\": 1}"),
        ("NaN", DOUBLE, "'NaN' is not a NUMBER_DOUBLE; write a number, e.g. 0.5"),
        ("1e999", DOUBLE, "'1e999' is not a NUMBER_DOUBLE; write a number, e.g. 0.5"),
        ('"5"', INTEGER, "'5' is a string, not a NUMBER_INTEGER; write a number, e.g. 3"),
        ("1", BOOLEAN, "'1' is a number, not a BOOLEAN; write true or false"),
        ("{}", LIST, "'{}' is an object, not a LIST; write a list as JSON, e.g. [1, 2]"),
        ("null", INTEGER, "is null, but this NUMBER_INTEGER is not optional"),
        (DEEP, LIST, f"'{DEEP[:60]}…' is not a LIST; write a list as JSON, e.g. [1, 2]"),
        ("[" * 100_000, LIST, f"'{'[' * 60}…' is not a LIST; write a list as JSON, e.g. [1, 2]"),
        ('["\\ud800"]', LIST, "'[\"\\\\ud800\"]' is not a LIST; write a list as JSON, e.g. [1, 2]"),
        ("9" * 5000, INTEGER, f"'{'9' * 60}…' is not a NUMBER_INTEGER; write a number, e.g. 3"),
    ],
)
def test_an_argument_of_another_type_is_refused_with_what_was_given(
    text: str, declared: ParameterType, problem: str
) -> None:
    with pytest.raises(ParameterValueError) as caught:
        parse_argument(text, ParameterSpec(type=declared))

    assert str(caught.value) == problem


def test_null_is_an_argument_of_an_optional_parameter_only() -> None:
    optional = ParameterSpec(type=LIST, optional=True)

    assert parse_argument("null", optional) is None


def test_an_argument_outside_the_literals_is_refused_with_those() -> None:
    spec = ParameterSpec(type=STRING, literals=("dev", "prod"))

    with pytest.raises(ParameterValueError) as caught:
        parse_argument("test", spec)

    assert str(caught.value) == 'is \'test\', not one of "dev", "prod"'
    assert parse_argument("prod", spec) == "prod"


@given(json_values)
def test_any_value_passes_through_text_as_the_workflow_carries_it(value: JsonValue) -> None:
    spec = ParameterSpec(type=LIST)

    assert parse_argument(json.dumps([value]), spec) == normalize([value])
