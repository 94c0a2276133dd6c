"""Texts in conditions that the SDK wrote without escapes."""

from __future__ import annotations

import pytest

from argosy_expressions.cel import holds, parse
from argosy_expressions.errors import ExpressionSyntaxError

READ = "inputs.parameter_values['x']"


@pytest.mark.parametrize(
    "text",
    ["it's", "'", "''", "C:\\path\\q", 'say "hi" \\ don\'t', "two\nlines", "on"],
)
def test_a_text_is_compared_as_it_was_written(text: str) -> None:
    condition = parse(f"{READ} == '{text}'")

    assert holds(condition, {"x": text})
    assert not holds(condition, {"x": f"{text}!"})


def test_the_texts_of_earlier_branches_are_read_as_well() -> None:
    condition = parse(f"!({READ} == 'it's') && !({READ} == 'don't') && {READ} == 'can't'")

    assert [holds(condition, {"x": text}) for text in ("it's", "don't", "can't")] == [
        False,
        False,
        True,
    ]


def test_cel_keeps_its_escapes() -> None:
    assert holds(parse(f"{READ} == 'it\\'s\\n'"), {"x": "it's\n"})


def test_what_is_not_of_the_sdk_is_refused_as_before() -> None:
    with pytest.raises(ExpressionSyntaxError):
        parse("inputs.parameter_values['x'] ==")
