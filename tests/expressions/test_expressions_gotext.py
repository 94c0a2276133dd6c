"""Numbers and JSON look as Go prints and reads them."""

from __future__ import annotations

import pytest

from argosy_expressions.gotext import format_float, marshal, parse_float, parse_int, unmarshal
from argosy_schemas.values import JsonValue


@pytest.mark.parametrize(
    ("value", "text", "json"),
    [
        (0.0, "0", "0"),
        (-0.0, "-0", "-0"),
        (5.0, "5", "5"),
        (0.1, "0.1", "0.1"),
        (-3.75, "-3.75", "-3.75"),
        (123456.0, "123456", "123456"),
        (1234567.0, "1.234567e+06", "1234567"),
        (1e20, "1e+20", "100000000000000000000"),
        (1e21, "1e+21", "1e+21"),
        (0.0001, "0.0001", "0.0001"),
        (0.00001, "1e-05", "0.00001"),
        (0.0000001, "1e-07", "1e-7"),
        (5e-324, "5e-324", "5e-324"),
        (12345678901234567890.0, "1.2345678901234567e+19", "12345678901234567000"),
    ],
)
def test_a_number_is_printed_as_go_does(value: float, text: str, json: str) -> None:
    assert (format_float(value), marshal(value)) == (text, json)


@pytest.mark.parametrize(
    ("text", "integer", "number"),
    [
        ("12", 12, 12.0),
        ("+5", 5, 5.0),
        ("-0", 0, 0.0),
        ("007", 7, 7.0),
        ("0" * 5_000 + "9", 9, 9.0),
        ("9" * 5_000, None, None),
        ("9223372036854775807", 2**63 - 1, 2.0**63),
        ("9223372036854775808", None, 2.0**63),
        ("-9223372036854775808", -(2**63), -(2.0**63)),
        ("1_0", None, 10.0),
        ("_10", None, None),
        ("1__0", None, None),
        ("0x10", None, None),
        ("0x1p3", None, 8.0),
        ("0x_1p3", None, 8.0),
        ("0x1p99999", None, None),
        ("1.", None, 1.0),
        (".5", None, 0.5),
        ("1e3", None, 1000.0),
        ("1e999", None, None),
        (" 1", None, None),
        ("1\n", None, None),
        ("", None, None),
        ("-", None, None),
        ("٣", None, None),
        ("inf", None, float("inf")),
        ("-Infinity", None, float("-inf")),
        ("+nan", None, None),
    ],
)
def test_a_text_is_read_as_go_does(text: str, integer: int | None, number: float | None) -> None:
    assert (parse_int(text), parse_float(text)) == (integer, number)


def test_json_is_compact_sorted_and_safe_in_html() -> None:
    value: JsonValue = {"b": [1.0, None, True, "<a>&\u2028"], "a": {}}

    assert marshal(value) == '{"a":{},"b":[1,null,true,"\\u003ca\\u003e\\u0026\\u2028"]}'


@pytest.mark.parametrize(
    "text", ["NaN", "-Infinity", "1e999", "01", "[1,]", '"a\nb"', "", "[" * 9999]
)
def test_what_go_does_not_read_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(Expecting|Illegal|Invalid|Extra|the (number|JSON))"):
        unmarshal(text)


def test_half_characters_become_the_replacement_character() -> None:
    assert unmarshal('{"\\ud800k": ["\\ud83d\\ude00", "\\udc00"]}') == {"\ufffdk": ["😀", "\ufffd"]}
