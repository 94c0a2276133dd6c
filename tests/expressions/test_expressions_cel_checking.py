"""What is wrong with a condition on all values is said before anything runs."""

from __future__ import annotations

import pytest

from argosy_expressions.cel import check, parse
from argosy_schemas.ir.model import ParameterType
from cel_conditions import TYPES

FAULTY = [
    ("$q == 1", ["The task has no input 'q'"]),
    ("$heads == 'x'", ["The task has no input 'heads'"]),
    ("$threshhold == 1", ["The task has no input 'threshhold'; did you mean 'threshold'"]),
    ("inputs.artifacts['modle'].artifacts[0].uri == ''",
     ["The task has no input 'modle'; did you mean 'model'"]),
    ("$s", ["Compare it with something: this is a text"]),
    ("$n && $b", ["Compare it with something: this is a number"]),
    ("!$s", ["Compare it with something: this is a text"]),
    ("5", ["Compare it with something: this is an integer"]),
    ("int($n)", ["Compare it with something: this is an integer"]),
    ("$s < 5", ["a text and an integer have no order"]),
    ("$l > $l", ["a list and a list have no order"]),
    ("$b >= 1", ["a boolean and an integer have no order"]),
    ("null < 1", ["null and an integer have no order"]),
    ("parseJson($s) < null",
     ["a boolean or a number or a text or a list or a map and null have no order"]),
    ("int($b) == 1", ["int() does not take a boolean"]),
    ("double($m) == 1.0", ["double() does not take a map"]),
    ("bool($n)", ["bool() does not take a number"]),
    ("parseJson($n) == 1", ["parseJson() does not take a number"]),
    ("$n.k == 1", ["Only lists and structs have members, not a number"]),
    ("int($n) == 'a'", ["an integer never equals a text"]),
    ("'a' == 5", ["a text never equals an integer"]),
    ("s == 'x'", ["Write inputs.parameter_values['s'] for an input"]),
    ("inputs.parameters.s == 'x'",
     ["Write inputs.parameter_values['…'] or inputs.artifacts['…'].artifacts"]),
    ("$q == 1 && $s || $n < 'a'",
     ["The task has no input 'q'", "Compare it with something: this is a text",
      "a number and a text have no order"]),
]  # fmt: skip

SOUND = [
    "$s == 'x'",
    "$s == 5",
    "$n == 'x'",
    "$n == null",
    "$n < 5",
    "$n < 5.5 == true",
    "$b",
    "$b < true",
    "int($s) > int($n)",
    "double($s) >= 1",
    "string($b) == string($n)",
    "bool($s)",
    "$m.k",
    "$m.k < 'a' || $l[0][1] == 5",
    "parseJson($s).k && !parseJson($s).l",
    "inputs.artifacts['model'].artifacts[0].metadata['k'] > 0.5",
]


def spelt(text: str) -> str:
    return text.replace("$", "inputs.parameter_values.")


@pytest.mark.parametrize(("text", "messages"), FAULTY)
def test_a_fault_is_found_without_values(text: str, messages: list[str]) -> None:
    types = {**TYPES, "threshold": ParameterType.NUMBER_DOUBLE}

    faults = check(parse(spelt(text)), types, {"model"})

    assert [fault.message for fault in faults] == messages


@pytest.mark.parametrize("text", SOUND)
def test_what_only_values_can_break_is_no_fault(text: str) -> None:
    assert check(parse(spelt(text)), TYPES, {"model"}) == ()


def test_a_fault_has_its_place() -> None:
    (fault,) = check(parse("true && inputs.parameter_values['q'] == 1"), TYPES)

    assert str(fault) == (
        "The task has no input 'q' (column 9 of 'true && inputs.parameter_values['q'] == 1')"
    )
