"""JSON values: one spelling of each number, one text of each value, and bounds."""

from __future__ import annotations

import json
import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argosy_schemas.values import (
    MAX_DEPTH,
    UNSET,
    JsonValue,
    escape_tags,
    normalize,
    parse_json,
    to_json,
)
from format_strategies import json_values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, 1),
        (-0.0, 0),
        (0.5, 0.5),
        (1e20, 10**20),
        (1e21, 1e21),
        (2.0**53, 2**53),
        (2.790693405013087e16, 27906934050130870),
        (2**53 + 1, 2**53 + 1),
        (True, True),
        ("1.0", "1.0"),
        (None, None),
        ({"a": [1.0, {"b": 2.0}]}, {"a": [1, {"b": 2}]}),
        ((1.0,), [1]),
    ],
)
def test_an_integral_double_becomes_an_integer_at_any_depth(
    value: JsonValue, expected: JsonValue
) -> None:
    result = normalize(value)

    assert (result, type(result)) == (expected, type(expected))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_normalizing_never_changes_the_double(number: float) -> None:
    result = normalize(number)

    assert isinstance(result, int | float)
    assert struct.pack("<d", float(result)) == struct.pack("<d", number + 0.0)


@given(json_values)
def test_a_value_survives_its_text(value: JsonValue) -> None:
    text = to_json(normalize(value))

    assert parse_json(text) == normalize(value)
    assert to_json(parse_json(text)) == text


def test_json_is_compact_sorted_and_not_escaped() -> None:
    assert to_json({"b": [1, None, True], "a": "ä\n"}) == '{"a":"ä\\n","b":[1,null,true]}'


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_does_not_have_is_not_written(number: float) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        to_json([number])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("[1,]", "Illegal trailing comma before end of array: line 1 column 3 (char 2)"),
        ("NaN", "NaN is not a JSON number"),
        ('{"a": -Infinity}', "-Infinity is not a JSON number"),
        ("[-1e999]", "-1e999 does not fit into 64 bits"),
        ('{"\\udc00": 1}', "has half of a surrogate pair"),
        (f"{'[' * (MAX_DEPTH + 1)}{']' * (MAX_DEPTH + 1)}", "is nested more than 100 levels deep"),
        ("[" * 100_000, "is nested more than 100 levels deep"),
        ('{"a":' * 100_000, "is nested more than 100 levels deep"),
    ],
)
def test_json_that_others_could_not_read_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_json(text)

    if "trailing comma" in problem and sys.version_info < (3, 13):
        problem = "Expecting value: line 1 column 4 (char 3)"
    assert str(caught.value) == problem


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="integer string conversion") as caught:
        parse_json("9" * 5000)

    assert "sys.set_int_max_str_digits" not in str(caught.value)


@pytest.mark.parametrize("text", ["[" * MAX_DEPTH + "]" * MAX_DEPTH, '"\\ud83d\\ude00"', "1e308"])
def test_json_within_the_bounds_is_read(text: str) -> None:
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize("value", ["{{item}}", "{{{{", {"{{a": ["{{{", {"b": "}}"}]}, 1])
def test_no_tag_begins_in_escaped_json_of_the_same_value(value: JsonValue) -> None:
    text = escape_tags(to_json(value))

    assert "{{" not in text
    assert parse_json(text) == value


def test_not_given_differs_from_null() -> None:
    assert not UNSET
    assert repr(UNSET) == "UNSET"


def test_what_runs_once_per_task_imports_little() -> None:
    modules = (
        "argosy_schemas.checking.run_parameters",
        "argosy_schemas.formats.packed_ir",
        "argosy_schemas.formats.records_json",
        "argosy_schemas.formats.step_files",
        "argosy_schemas.formats.step_json",
        "argosy_schemas.ir.parameters",
    )
    heavy = (
        "{'yaml', 'jsonschema', 'decimal', 'difflib', 'asyncio', 'pydantic', 'importlib.resources'}"
    )
    code = f"import sys, {', '.join(modules)}; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
