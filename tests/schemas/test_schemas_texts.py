"""How messages show what comes from a file, a person or a program."""

from __future__ import annotations

import pytest

from argosy_schemas.texts import cut, one_line, shown


@pytest.mark.parametrize(("text", "most", "expected"), [
    ("abc", 3, "abc"),
    ("abcd", 3, "abc…"),
    ("", 0, ""),
])  # fmt: skip
def test_a_text_that_was_cut_says_so(text: str, most: int, expected: str) -> None:
    assert cut(text, most=most) == expected


def test_a_text_is_shown_in_quotes_and_cut_inside_of_them() -> None:
    assert shown("it's") == '"it\'s"'
    assert shown("a\nb") == r"'a\nb'"
    assert shown("9" * 61) == f"'{'9' * 60}…'"


def test_a_line_has_nothing_in_it_that_does_not_print() -> None:
    assert one_line("a\n\x1bb ä") == r"a\n\x1bb ä"
    assert one_line("ab\n", most=3) == r"ab\…"
