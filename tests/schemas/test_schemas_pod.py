"""Objects as templates hand them on, and what pods leave of why they failed."""

from __future__ import annotations

import re
from base64 import b64encode

import pytest

from argosy_schemas.pod import decode_strings, encode_object


def test_texts_come_back_as_they_were_handed_on() -> None:
    texts = {"a": "é\n", "b": None, "..": ""}

    assert decode_strings(encode_object(texts)) == texts


def test_an_object_is_handed_on_as_the_same_text_everywhere() -> None:
    assert encode_object({"b": [1.0], "a": "é"}) == "eyJhIjoiw6kiLCJiIjpbMS4wXX0="


def test_where_nothing_was_handed_on_there_are_no_texts() -> None:
    assert decode_strings("") == {}


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'{"a": 1}', b'{"a": {}}', b"\xff", b"[" * 100_000],
)
def test_what_is_no_object_of_texts_is_refused(data: bytes) -> None:
    text = b64encode(data).decode() or "="

    with pytest.raises(ValueError, match=r"', not base64 of a JSON object of strings$"):
        decode_strings(text)


@pytest.mark.parametrize("text", ["?", "e30", "{}", "e30= "])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^is '{re.escape(text)}', not base64 of a JSON"):
        decode_strings(text)


def test_a_long_text_is_shown_by_its_beginning() -> None:
    with pytest.raises(ValueError, match=f"^is '{'-' * 60}…', not"):
        decode_strings("-" * 61)
