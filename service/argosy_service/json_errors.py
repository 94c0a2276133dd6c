"""What is wrong with JSON that does not fit a message, in words for those who sent it."""

from __future__ import annotations

import re
from typing import Final

from argosy_schemas.message_text import to_one_line

_OUTER: Final = re.compile(r"Failed to parse (\w+) field: ")
_PLACE: Final = re.compile(r' at "?[A-Z]\w*((?:\.[\w\[\]]+)*)"?$')
_WORDS: Final = (
    (r'Message type "[\w.]+" has no field named "(.*)"', r"there is no member '\1'"),
    (
        r'Message type "[\w.]+" should not have multiple "(\w+)" oneof fields',
        r"more than one \1 is given; give one",
    ),
    (r"Invalid enum value (.*) for enum type .*", r"'\1' is none of its values"),
    (r"expected string or bytes-like object, .*", "it has to be a text"),
    (r"(Map field \w+|Struct) must be in a dict which is .*", "it has to be an object"),
    (r"repeated field \w+ must be in \[\] which is .*", "it has to be a list"),
    (r"(invalid literal for int|Couldn't parse (non-)?integer).*", "it has to be an integer"),
    (r"Expected true or false without quotes.*", "it has to be true or false"),
    (
        r"(Failed to parse timestamp|Timestamp JSON value not a string): .*",
        "it is no time; write it like 2026-01-31T12:00:00Z",
    ),
)
"""What protobuf says, and what is said here; else its own words are taken."""


def explain_json_error(error: Exception, *, outer: int = 0) -> str:
    """Return where the JSON does not fit and why, on one line, e.g. ``a.b: it has to be a text``.

    Args:
        error: Of :mod:`google.protobuf.json_format`.
        outer: How many of the outermost members are not named, since the sender did not write them.
    """
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    # The parser adds a list of all members, on a line of its own.
    text = to_one_line(str(error).partition("\n")[0])
    members: list[str] = []
    while match := _OUTER.match(text):
        members.append(match[1])
        text = text[match.end() :]
    text = text.rstrip(".")
    if place := _PLACE.search(text):
        text = text[: place.start()].rstrip(".")
        members = max(place[1].split(".")[1:], members, key=len)
    for theirs, ours in _WORDS:
        if found := re.fullmatch(theirs, text):
            text = found.expand(ours)
            break
    member = ".".join(members[outer:])
    return f"{member}: {text}" if member else text
