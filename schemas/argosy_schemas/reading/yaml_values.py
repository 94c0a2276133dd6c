"""Build plain values from the events of a YAML parser, within limits.

``yaml.load`` is not enough for untrusted files. This module finds duplicate keys, refuses deep
nesting before anything recurses into it, refuses an alias that contains itself or that expands to
gigabytes, and lets tags produce JSON values only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from argosy_schemas.message_text import quote_text
from argosy_schemas.reading.yaml_scalars import (
    TAG_PREFIX,
    ScalarError,
    parse_plain_scalar,
    parse_tagged_scalar,
)
from argosy_schemas.values import MAX_DEPTH, JsonValue

MAX_ALIASED: Final = 10_000_000
"""How many characters and values all aliases of a document may expand to."""

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # some builds lack the C part
TOO_DEEP: Final = f"The nesting is deeper than {MAX_DEPTH} levels; is this the right file?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A part of the text that no document may have."""

    message: str
    line: int | None
    """One-based."""


class UnreadableTextError(Exception):
    """The text cannot be read to its end.

    Attributes:
        refusal: The line and the reason.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(slots=True)
class _Anchor:
    """The value of an alias."""

    value: JsonValue
    weight: int
    height: int


@dataclass(slots=True, kw_only=True)
class _OpenContainer:
    """A mapping or sequence that has not ended yet."""

    line: int
    anchor: str | None
    items: list[JsonValue] | None = None
    members: dict[str, JsonValue] | None = None
    merged: list[JsonValue] = field(default_factory=list[JsonValue])
    key: str | None = None
    is_merge: bool = False
    weight: int = 1
    height: int = 1


def read_plain_scalars(text: str) -> dict[str, str]:
    """Return the members of a mapping that are unquoted scalars, as they are written.

    Args:
        text: One document that was read before; there are none in JSON that is not YAML.
    """
    try:
        node: Any = yaml.compose(text, _LOADER)
    except yaml.YAMLError:
        return {}
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {
        key.value: value.value
        for key, value in node.value
        if isinstance(value, yaml.ScalarNode) and not value.style
    }


def load_yaml(text: str, refusals: list[Refusal]) -> list[JsonValue]:
    """Return the documents of the stream ``text``, an empty one as ``None``.

    Args:
        text: The whole stream.
        refusals: Receives one refusal for each duplicate key, of which the last one counts, and for
            each value that JSON does not have, which is replaced by ``None``.

    Raises:
        YamlRefused: The text is not YAML, or beyond the limits.
    """
    builder = _Builder(refusals)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise UnreadableTextError(_make_syntax_refusal(error)) from error
    except yaml.reader.ReaderError as error:
        raise UnreadableTextError(
            Refusal(
                message=f"YAML does not allow character {error.position}; remove it",
                line=text.count("\n", 0, error.position) + 1,
            )
        ) from error
    return builder.documents


def _make_syntax_refusal(error: yaml.MarkedYAMLError) -> Refusal:
    mark = error.problem_mark or error.context_mark
    line = None if mark is None else mark.line + 1
    if "nesting depth" in (error.problem or ""):  # libyaml's own limit, far above ours
        return Refusal(message=TOO_DEEP, line=line)
    what = " ".join(part for part in (error.context, error.problem) if part)
    return Refusal(message=f"This is not valid YAML: {what}", line=line)


class _Builder:
    """Builds documents from events."""

    def __init__(self, refusals: list[Refusal]) -> None:
        self.documents: list[JsonValue] = []
        self._refusals = refusals
        self._open: list[_OpenContainer] = []
        self._anchors: dict[str, _Anchor] = {}
        self._aliased = 0

    def take(self, event: Any) -> None:
        """Process the next event."""
        if isinstance(event, yaml.ScalarEvent):
            self._add_scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._open_container(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close_container()
        elif isinstance(event, yaml.AliasEvent):
            self._add_alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors = {}
            self._aliased = 0

    def _add_scalar(self, event: Any) -> None:
        line: int = event.start_mark.line + 1
        text: str = event.value
        weight = 1 + len(text)
        if self._awaits_key():
            self._add_key(text, event, line)
            return
        try:
            if event.tag is None:
                value = parse_plain_scalar(text) if event.implicit[0] else text
            else:
                value = parse_tagged_scalar(text, event.tag)
        except ScalarError as error:
            # The rest of the file can be read without the value.
            self._refusals.append(Refusal(message=str(error), line=line))
            value = None
        self._add_value(value, event.anchor, weight, height=0)

    def _add_key(self, text: str, event: Any, line: int) -> None:
        top = self._open[-1]
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(text, 1 + len(text), 0)
        if text == "<<" and (event.implicit[0] or event.tag == f"{TAG_PREFIX}merge"):
            top.key, top.is_merge = text, True
        else:
            self._set_key(text, line)

    def _set_key(self, text: str, line: int) -> None:
        top = self._open[-1]
        top.key = text
        top.weight += 1 + len(text)
        if top.members is not None and text in top.members:
            self._refusals.append(
                Refusal(message=f"Key {quote_text(text)} is given twice; remove one", line=line)
            )

    def _open_container(self, event: Any) -> None:
        line: int = event.start_mark.line + 1
        if self._awaits_key():
            raise _make_error("A key is a list or a mapping; make it text", line)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", f"{TAG_PREFIX}{'map' if is_mapping else 'seq'}"):
            raise _make_error(f"Tag '{event.tag}' means nothing here; remove it", line)
        if len(self._open) >= MAX_DEPTH:
            raise _make_error(TOO_DEEP, line)
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)  # until its end an alias of it would be recursive
        self._open.append(
            _OpenContainer(line=line, anchor=event.anchor, members={})
            if is_mapping
            else _OpenContainer(line=line, anchor=event.anchor, items=[])
        )

    def _close_container(self) -> None:
        ended = self._open.pop()
        value: JsonValue = ended.items
        if ended.members is not None:
            value = _merge(ended)
        self._add_value(value, ended.anchor, ended.weight, ended.height)

    def _add_alias(self, event: Any) -> None:
        line: int = event.start_mark.line + 1
        name: str = event.anchor
        if any(container.anchor == name for container in self._open):
            raise _make_error(f"Alias '*{name}' contains itself; write the value out", line)
        anchor = self._anchors.get(name)
        if anchor is None:
            raise _make_error(f"Alias '*{name}' has no anchor before it", line)
        self._aliased += anchor.weight
        if self._aliased > MAX_ALIASED:
            raise _make_error("The aliases stand for more than 10 MB; write the values out", line)
        if len(self._open) + anchor.height > MAX_DEPTH:
            raise _make_error(TOO_DEEP, line)
        if self._awaits_key():
            if not isinstance(anchor.value, str):
                raise _make_error("A key is an alias of a list or mapping; write text", line)
            self._set_key(anchor.value, line)
            return
        self._add_value(anchor.value, None, anchor.weight, anchor.height)

    def _awaits_key(self) -> bool:
        return bool(self._open) and self._open[-1].items is None and self._open[-1].key is None

    def _add_value(self, value: JsonValue, anchor: str | None, weight: int, height: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = _Anchor(value, weight, height)
        if not self._open:
            self.documents.append(value)
            return
        top = self._open[-1]
        top.weight += weight
        top.height = max(top.height, height + 1)
        if top.items is not None:
            top.items.append(value)
        elif top.is_merge:
            top.merged.extend(value if isinstance(value, list) else [value])
            top.key, top.is_merge = None, False
        elif top.members is not None and top.key is not None:
            top.members[top.key] = value
            top.key = None


def _merge(ended: _OpenContainer) -> JsonValue:
    members = ended.members or {}
    if not ended.merged:
        return members
    result: dict[str, JsonValue] = {}
    for source in reversed(ended.merged):
        if not isinstance(source, dict):
            raise _make_error("Key '<<' takes a mapping or a list of mappings", ended.line)
        result.update(source)
    return {**result, **members}


def compose(text: str) -> Iterator[yaml.Node]:
    """Yield the documents of ``text`` as nodes; :func:`load_yaml` has accepted it."""
    yield from yaml.compose_all(text, Loader=_LOADER)


def _make_error(message: str, line: int) -> UnreadableTextError:
    return UnreadableTextError(Refusal(message=message, line=line))
