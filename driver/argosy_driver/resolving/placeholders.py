"""Find placeholders (``{{$…}}``) in texts and replace them by their values.

A text is searched once. The value of a placeholder is data and is never searched again, so a value
may look like a placeholder. A placeholder without a value stays as it is.

The caller passes the values, see :mod:`argosy_driver.preparing.task_placeholders`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from argosy_schemas.values import JsonValue

Segments: TypeAlias = tuple[str, ...]
"""A placeholder taken apart: ``{{$.inputs.parameters['n']}}`` is ``inputs``, ``parameters``,
``n``; ``{{$}}`` is empty."""

Lookup: TypeAlias = Callable[[Segments], "str | None"]
"""Segments to text; ``None``: unknown."""

_PLACEHOLDER: Final = re.compile(
    r"""\{\{\$((?:\.\w+|\['[^']*'\]|\["[^"]*"\]|\[\\"[^"\\]*\\"\]|\[\d+\])*)\}\}"""
)
_SEGMENT: Final = re.compile(
    r"""\.(\w+)|\['([^']*)'\]|\["([^"]*)"\]|\[\\"([^"\\]*)\\"\]|\[(\d+)\]"""
)
_STRUCTURES: Final = ("Concat", "IfPresent")


def has_placeholder(value: JsonValue) -> bool:
    """Return whether any string in ``value`` may hold a placeholder."""
    if isinstance(value, str):
        return "{{$" in value
    if isinstance(value, Mapping):
        return any(has_placeholder(key) or has_placeholder(value[key]) for key in value)
    if isinstance(value, Sequence):
        return any(has_placeholder(item) for item in value)
    return False


def find_placeholders(text: str) -> tuple[Segments, ...]:
    """Return the placeholders of a text in their order."""
    if "{{$" not in text:
        return ()
    return tuple(_segments(match[1]) for match in _PLACEHOLDER.finditer(text))


def substitute(text: str, lookup: Lookup) -> str:
    """Return ``text`` with the placeholders that ``lookup`` knows replaced."""
    if "{{$" not in text:
        return text

    def replaced(match: re.Match[str]) -> str:
        value = lookup(_segments(match[1]))
        return match[0] if value is None else value

    return _PLACEHOLDER.sub(replaced, text)


def substitute_value(value: JsonValue, lookup: Lookup) -> JsonValue:
    """Return ``value`` with placeholders replaced in each of its strings, keys among them.

    A string that is nothing but a placeholder stays a string, whatever it stands for.
    """
    if isinstance(value, str):
        return substitute(value, lookup)
    if isinstance(value, Mapping):
        return {
            substitute(key, lookup): substitute_value(item, lookup) for key, item in value.items()
        }
    if isinstance(value, Sequence):
        return [substitute_value(item, lookup) for item in value]
    return value


def expand(argument: str, lookup: Lookup, is_present: Callable[[str], bool]) -> tuple[str, ...]:
    """Return what one element of ``command`` or ``args`` becomes: any number of arguments.

    Args:
        argument: Text with placeholders, or the JSON of a ``Concat`` or ``IfPresent``, which may
            hold each other.
        lookup: What placeholders stand for.
        is_present: Returns whether an input has a value, for ``IfPresent``.
    """
    structure = _structure(argument)
    if structure is None:
        return (substitute(argument, lookup),)
    return tuple(_expand(structure, lookup, is_present))


def _segments(body: str) -> Segments:
    return tuple(
        next(group for group in match.groups() if group is not None)
        for match in _SEGMENT.finditer(body)
    )


def _structure(argument: str) -> Mapping[str, JsonValue] | None:
    """Return the ``Concat`` or ``IfPresent`` that an argument is, if it is one."""
    if not argument.lstrip().startswith("{"):
        return None
    if not any(f'"{name}"' in argument for name in _STRUCTURES):
        return None
    try:
        value: object = json.loads(argument)
    except ValueError:
        return None
    return _as_structure(value)


def _as_structure(value: object) -> Mapping[str, JsonValue] | None:
    if not isinstance(value, dict) or len(cast("dict[str, JsonValue]", value)) != 1:
        return None
    members = cast("dict[str, JsonValue]", value)
    body = next(iter(members.values()))
    if isinstance(members.get("Concat"), list):
        return members
    if "IfPresent" in members and isinstance(body, dict) and isinstance(body.get("InputName"), str):
        return members
    return None


def _expand(element: JsonValue, lookup: Lookup, is_present: Callable[[str], bool]) -> list[str]:
    """Return the arguments that an element of a structure stands for."""
    if isinstance(element, str):
        return [substitute(element, lookup)]
    if isinstance(element, Sequence):
        return [text for item in element for text in _expand(item, lookup, is_present)]
    structure = _as_structure(element)
    if structure is None:
        # Not a structure of the SDK's: a plain value, or text that only looks like one.
        return [] if element is None else [substitute(json.dumps(element), lookup)]
    if "Concat" in structure:
        return ["".join(_expand(structure["Concat"], lookup, is_present))]
    body = cast("Mapping[str, JsonValue]", structure["IfPresent"])
    branch = "Then" if is_present(str(body["InputName"])) else "Else"
    return _expand(body.get(branch), lookup, is_present)
