"""What a loop's iterations are called by: their items, as short texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from argosy_schemas.formats.records import Artifact
from argosy_schemas.message_text import to_one_line
from argosy_schemas.values import JsonValue, to_json

LONGEST_ITEM: Final = 40
"""Characters of a label, without the sign for what was cut off."""


def label_item(item: JsonValue | Artifact) -> str:
    """Return an item, or its first member that is not a list or object, as text in one line."""
    if isinstance(item, Artifact):
        # The ends of URIs differ.
        uri = to_one_line(item.uri)
        return uri if len(uri) <= LONGEST_ITEM else f"…{uri[-LONGEST_ITEM:]}"
    return to_one_line(_text(item), most=LONGEST_ITEM)


def _text(item: JsonValue) -> str:
    if isinstance(item, str):
        return item
    members: Sequence[JsonValue] = ()
    if isinstance(item, Mapping):
        members = tuple(item.values())
    elif isinstance(item, Sequence):
        members = item
    for member in members:
        if isinstance(member, str):
            return member
        if member is None or isinstance(member, bool | int | float):
            return to_json(member)
    return to_json(item)
