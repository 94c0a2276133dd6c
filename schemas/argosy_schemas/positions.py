"""The line of a path in a file: a second parse, for files that are wrong."""

from __future__ import annotations

import yaml

from argosy_schemas.findings import Path
from argosy_schemas.structure import camel_case
from argosy_schemas.yaml_values import compose


class Positions:
    """Lines in the text of a file that :func:`argosy_schemas.documents.read_documents` accepted."""

    def __init__(self, text: str) -> None:
        try:
            self._documents = list(compose(text))
        except yaml.YAMLError:  # JSON that is no YAML, e.g. indented with tabs
            self._documents = []

    def line(self, document: int, path: Path) -> int | None:
        """Return the line, from 1, of ``path`` or of what is nearest above it.

        Args:
            document: Which one of the stream, from 0.
            path: With names as in the file, or their canonical form.
        """
        if document >= len(self._documents):
            return None
        node = self._documents[document]
        line = node.start_mark.line
        for segment in path:
            found = _child(node, segment)
            if found is None:
                break
            line, node = found
        return line + 1


def _child(node: yaml.Node, segment: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(segment, int):
        items: list[yaml.Node] = node.value
        return (items[segment].start_mark.line, items[segment]) if segment < len(items) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
    for matches in (str, camel_case):
        for key, value in pairs:
            if isinstance(key, yaml.ScalarNode) and matches(key.value) == segment:
                return key.start_mark.line, value
    return None
