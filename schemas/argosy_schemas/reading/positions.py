"""Find the line of a path in a file, by a second parse of files with problems."""

from __future__ import annotations

import json
import re
from ast import literal_eval
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import yaml

from argosy_schemas.findings import Path
from argosy_schemas.reading.yaml_values import compose
from argosy_schemas.values import to_camel_case

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_BRACKET: Final = re.compile(r"\[(?:(\d+)|('.*?'|\".*?\"))\]")
_END: Final = re.compile(r"[.\[ ]")


@dataclass(slots=True)
class _Node:
    """A value in the text and its members."""

    line: int
    """From 1; of the key, where it has one."""
    members: dict[str | int, _Node] = field(default_factory=dict[str | int, "_Node"])
    """By key or index."""


class Positions:
    """The lines of the values in a file that was read.

    See :func:`argosy_schemas.reading.documents.read_documents`.
    """

    def __init__(self, text: str) -> None:
        try:
            self._documents = [_read_yaml(node, _get_line(node)) for node in compose(text)]
        except yaml.YAMLError:  # JSON that is not YAML: indented with tabs, with pairs of escapes
            self._documents = [_read_json(text)]

    def find_line(self, document: int, path: Path) -> int | None:
        """Return the line, from 1, of ``path`` or of its nearest parent in the file.

        Args:
            document: The number of the document in the stream, from 0.
            path: With names as in the file, or in their canonical form.
        """
        if document >= len(self._documents):
            return None
        found_node = self._documents[document]
        for segment in path:
            found = _find_member(found_node.members, segment)
            if found is None:
                break
            found_node = found
        return found_node.line

    def find_line_of_text(self, path: str) -> int | None:
        """Return the line, from 1, of a path as messages write it, or of its nearest parent.

        Names may have dots: the longest name that matches is taken. ``None``: the file has no part
        of the path.
        """
        for document in self._documents:
            found_node, rest = document, path
            while found := _match_longest(found_node.members, rest):
                found_node, rest = found
            if found_node is not document:
                return found_node.line
        return None


def _match_longest(members: Mapping[str | int, _Node], path: str) -> tuple[_Node, str] | None:
    """Return the member that ``path`` begins with, and the rest of the path."""
    bracket = _BRACKET.match(path)
    if bracket is not None:
        index, quoted = bracket.groups()
        found_node = (
            members.get(int(index)) if index else _find_member(members, str(literal_eval(quoted)))
        )
        return None if found_node is None else (found_node, path[bracket.end() :].removeprefix("."))
    ends = [len(path), *(match.start() for match in reversed(list(_END.finditer(path))))]
    # The search through all members is only for names in canonical form.
    known = next((end for end in ends if path[:end] in members), None)
    for end in ends if known is None else (known,):
        found_node = _find_member(members, path[:end])
        if found_node is not None:
            return found_node, path[end:].removeprefix(".")
    return None


def _find_member(members: Mapping[str | int, _Node], segment: str | int) -> _Node | None:
    if segment in members:
        return members[segment]
    for name, found_node in members.items():
        if isinstance(name, str) and to_camel_case(name) == segment:
            return found_node
    return None


def _get_line(node: yaml.Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _read_yaml(node: yaml.Node, line: int) -> _Node:
    found_node = _Node(line)
    if isinstance(node, yaml.SequenceNode):
        items: list[yaml.Node] = node.value
        for index, item in enumerate(items):
            found_node.members[index] = _read_yaml(item, _get_line(item))
    elif isinstance(node, yaml.MappingNode):
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        for key, value in pairs:
            if isinstance(key, yaml.ScalarNode):
                found_node.members[str(key.value)] = _read_yaml(value, _get_line(key))
    return found_node


def _read_json(text: str) -> _Node:
    root = _Node(1)
    line, end = 1, 0
    open_nodes: list[tuple[_Node, bool]] = []  # with whether it is a list
    key: str | None = None
    key_line = 1
    for match in _TOKEN.finditer(text):
        line += text.count("\n", end, match.start())
        end = match.start()
        token = match.group()
        if token in ",:":
            continue
        if token in "]}":
            open_nodes.pop()
            continue
        if not open_nodes:
            found_node = root
        else:
            holder, is_list = open_nodes[-1]
            if not is_list and key is None:
                key, key_line = str(json.loads(token)), line
                continue
            found_node = _Node(line if key is None else key_line)
            holder.members[len(holder.members) if key is None else key] = found_node
            key = None
        if token in "[{":
            open_nodes.append((found_node, token == "["))
    return root
