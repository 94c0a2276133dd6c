"""The line of a path in a file: a second parse, for files that are wrong."""

from __future__ import annotations

import json
import re
from ast import literal_eval
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import yaml

from argosy_schemas.findings import Path
from argosy_schemas.reading.structure import to_camel_case
from argosy_schemas.reading.yaml_values import compose

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_BRACKET: Final = re.compile(r"\[(?:(\d+)|('.*?'|\".*?\"))\]")
_END: Final = re.compile(r"[.\[ ]")


@dataclass(slots=True)
class _Place:
    """A value in the text."""

    line: int
    """From 1; of the key, where it has one."""
    members: dict[str | int, _Place] = field(default_factory=dict[str | int, "_Place"])
    """By key or index."""


class Positions:
    """Lines in the text of a file that was accepted.

    See :func:`argosy_schemas.reading.documents.read_documents`.
    """

    def __init__(self, text: str) -> None:
        try:
            self._documents = [_yaml_place(node, _line(node)) for node in compose(text)]
        except yaml.YAMLError:  # JSON that is no YAML: indented with tabs, with pairs of escapes
            self._documents = [_json_place(text)]

    def line(self, document: int, path: Path) -> int | None:
        """Return the line, from 1, of ``path`` or of what is nearest above it.

        Args:
            document: Which one of the stream, from 0.
            path: With names as in the file, or their canonical form.
        """
        if document >= len(self._documents):
            return None
        place = self._documents[document]
        for segment in path:
            found = _member(place.members, segment)
            if found is None:
                break
            place = found
        return place.line

    def line_of_text(self, path: str) -> int | None:
        """Return the line, from 1, of a path as messages write it, or of what is nearest above it.

        Names may hold dots: the longest that fits is taken. ``None``: nothing of it is there.
        """
        for document in self._documents:
            place, rest = document, path
            while found := _longest(place.members, rest):
                place, rest = found
            if place is not document:
                return place.line
        return None


def _longest(members: Mapping[str | int, _Place], path: str) -> tuple[_Place, str] | None:
    """Return the member that ``path`` begins with, and what is left of the path."""
    bracket = _BRACKET.match(path)
    if bracket is not None:
        index, quoted = bracket.groups()
        place = members.get(int(index)) if index else _member(members, str(literal_eval(quoted)))
        return None if place is None else (place, path[bracket.end() :].removeprefix("."))
    ends = [len(path), *(match.start() for match in reversed(list(_END.finditer(path))))]
    # Every member is looked at only for names that are not as in the file.
    known = next((end for end in ends if path[:end] in members), None)
    for end in ends if known is None else (known,):
        place = _member(members, path[:end])
        if place is not None:
            return place, path[end:].removeprefix(".")
    return None


def _member(members: Mapping[str | int, _Place], segment: str | int) -> _Place | None:
    if segment in members:
        return members[segment]
    for name, place in members.items():
        if isinstance(name, str) and to_camel_case(name) == segment:
            return place
    return None


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _yaml_place(node: yaml.Node, line: int) -> _Place:
    place = _Place(line)
    if isinstance(node, yaml.SequenceNode):
        items: list[yaml.Node] = node.value
        for index, item in enumerate(items):
            place.members[index] = _yaml_place(item, _line(item))
    elif isinstance(node, yaml.MappingNode):
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        for key, value in pairs:
            if isinstance(key, yaml.ScalarNode):
                place.members[str(key.value)] = _yaml_place(value, _line(key))
    return place


def _json_place(text: str) -> _Place:
    root = _Place(1)
    line, end = 1, 0
    open_places: list[tuple[_Place, bool]] = []  # with whether it is a list
    key: str | None = None
    key_line = 1
    for match in _TOKEN.finditer(text):
        line += text.count("\n", end, match.start())
        end = match.start()
        token = match.group()
        if token in ",:":
            continue
        if token in "]}":
            open_places.pop()
            continue
        if not open_places:
            place = root
        else:
            holder, is_list = open_places[-1]
            if not is_list and key is None:
                key, key_line = str(json.loads(token)), line
                continue
            place = _Place(line if key is None else key_line)
            holder.members[len(holder.members) if key is None else key] = place
            key = None
        if token in "[{":
            open_places.append((place, token == "["))
    return root
