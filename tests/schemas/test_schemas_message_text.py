"""How messages show what comes from a file, a person or a program."""

from __future__ import annotations

import pytest

from argosy_schemas.message_text import quote_text, to_one_line, truncate


@pytest.mark.parametrize(("text", "most", "expected"), [
    ("abc", 3, "abc"),
    ("abcd", 3, "abc…"),
    ("", 0, ""),
])  # fmt: skip
def test_a_text_that_was_cut_says_so(text: str, most: int, expected: str) -> None:
    assert truncate(text, most=most) == expected


def test_a_text_is_shown_in_quotes_and_cut_inside_of_them() -> None:
    assert quote_text("it's") == '"it\'s"'
    assert quote_text("a\nb") == r"'a\nb'"
    assert quote_text("9" * 61) == f"'{'9' * 60}…'"


def test_a_line_has_nothing_in_it_that_does_not_print() -> None:
    assert to_one_line("a\n\x1bb ä") == r"a\n\x1bb ä"
    assert to_one_line("ab\n", most=3) == r"ab\…"
