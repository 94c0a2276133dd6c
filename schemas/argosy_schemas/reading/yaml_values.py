"""Read YAML into plain values, within limits.

``yaml.load`` is not enough for untrusted files. This module finds duplicate keys, refuses deep
nesting, an alias that contains itself or that expands to megabytes, and lets tags produce JSON
values only. Scalars mean what PyYAML, which wrote the file, takes them for; except for dates, which
stay text, as in KFP's own reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import yaml

from argosy_schemas.message_text import quote_text
from argosy_schemas.values import MAX_DEPTH, JsonValue

MAX_ALIASED: Final = 1_000_000
"""How many characters and values all aliases of a stream may expand to."""

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # some builds lack the C part
TOO_DEEP: Final = f"The nesting is deeper than {MAX_DEPTH} levels; is this the right file?"

_PREFIX: Final = "tag:yaml.org,2002:"
_CONSTRUCTOR: Final[Any] = yaml.constructor.SafeConstructor()
_READERS: Final[dict[str, Callable[[Any], JsonValue]]] = {
    f"{_PREFIX}null": _CONSTRUCTOR.construct_yaml_null,
    f"{_PREFIX}bool": _CONSTRUCTOR.construct_yaml_bool,
    f"{_PREFIX}int": _CONSTRUCTOR.construct_yaml_int,
    f"{_PREFIX}float": _CONSTRUCTOR.construct_yaml_float,
}
_MERGE: Final = f"{_PREFIX}merge"
_TEXTS: Final = frozenset({_MERGE, *(f"{_PREFIX}{name}" for name in ("str", "timestamp", "value"))})


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
        UnreadableTextError: The text is not YAML, or beyond the limits.
    """
    builder = _Builder(refusals, most=len(text) + MAX_ALIASED)
    try:
        return [builder.build(node) for node in compose(text)]
    except yaml.MarkedYAMLError as error:
        raise UnreadableTextError(_make_syntax_refusal(error)) from error
    except RecursionError as error:
        raise UnreadableTextError(Refusal(message=TOO_DEEP, line=None)) from error
    except yaml.reader.ReaderError as error:
        raise UnreadableTextError(
            Refusal(
                message=f"YAML does not allow character {error.position}; remove it",
                line=text.count("\n", 0, error.position) + 1,
            )
        ) from error


def compose(text: str) -> Iterator[Any]:
    """Yield the documents of ``text`` as nodes."""
    yield from yaml.compose_all(text, Loader=_LOADER)


def _make_syntax_refusal(error: yaml.MarkedYAMLError) -> Refusal:
    mark = error.problem_mark or error.context_mark
    line = None if mark is None else mark.line + 1
    if "nesting depth" in (error.problem or ""):  # libyaml's own limit, far above ours
        return Refusal(message=TOO_DEEP, line=line)
    what = " ".join(part for part in (error.context, error.problem) if part)
    return Refusal(message=f"This is not valid YAML: {what}", line=line)


class _Builder:
    """Builds values from nodes; what aliases stand for is built again for each.

    Args:
        refusals: See :func:`load_yaml`.
        most: How many characters and values it builds at most.
    """

    def __init__(self, refusals: list[Refusal], *, most: int) -> None:
        self._refusals = refusals
        self._left = most
        self._open: list[Any] = []
        """The mappings and sequences around the node."""

    def build(self, node: Any) -> JsonValue:
        """Return the value of a node."""
        if isinstance(node, yaml.ScalarNode):
            self._count(1 + len(node.value))
            return self._read_scalar(node)
        if any(node is each for each in self._open):
            raise _make_error("An alias contains itself; write the value out", node)
        if len(self._open) >= MAX_DEPTH:
            raise _make_error(TOO_DEEP, node)
        if node.tag not in (f"{_PREFIX}map", f"{_PREFIX}seq"):
            raise _make_error(f"Tag '{node.tag}' means nothing here; remove it", node)
        self._count(1)
        self._open.append(node)
        value: JsonValue = (
            self._build_members(node)
            if isinstance(node, yaml.MappingNode)
            else [self.build(item) for item in node.value]
        )
        self._open.pop()
        return value

    def _build_members(self, node: Any) -> dict[str, JsonValue]:
        members: dict[str, JsonValue] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _make_error("A key is a list or a mapping; make it text", key)
            name: str = key.value
            self._count(1 + len(name))
            if key.tag == _MERGE:
                self._refuse("Argosy does not merge mappings ('<<'); write the members out", key)
            if name in members:
                self._refuse(f"Key {quote_text(name)} is given twice; remove one", key)
            members[name] = self.build(value)
        return members

    def _read_scalar(self, node: Any) -> JsonValue:
        text: str = node.value
        if node.tag in _TEXTS:
            return text
        read = _READERS.get(node.tag)
        if read is None:
            self._refuse(f"Tag '{node.tag}' means nothing here; remove it", node)
            return None
        try:
            value = read(node)
        except (ValueError, LookupError):  # a wrong tag, no digit at all, thousands of digits
            kind = "boolean" if node.tag.endswith("bool") else "number"
            self._refuse(f"{quote_text(text)} cannot be read as a {kind}", node)
            return None
        if isinstance(value, float) and not isfinite(value):
            what = "is not a number in JSON; quote it or remove it"
            self._refuse(f"{quote_text(text)} {what}", node)
            return None
        return value

    def _count(self, weight: int) -> None:
        self._left -= weight
        if self._left < 0:
            message = "The aliases stand for more than 1 MB; write the values out"
            raise UnreadableTextError(Refusal(message=message, line=None))

    def _refuse(self, message: str, node: Any) -> None:
        # The rest of the file can be read without the value.
        refusal = Refusal(message=message, line=_get_line(node))
        if refusal not in self._refusals:
            self._refusals.append(refusal)


def _make_error(message: str, node: Any) -> UnreadableTextError:
    return UnreadableTextError(Refusal(message=message, line=_get_line(node)))


def _get_line(node: Any) -> int:
    line: int = node.start_mark.line
    return line + 1
