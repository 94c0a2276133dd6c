"""A ``podSpecPatch`` whose values are known only when the pod is made.

Argo substitutes tags in strings only, and strings are all that a pod template may leave open; the
rest (quantities, whole tolerations, entries that vanish with an optional parameter) is a strategic
merge patch, whose JSON text one expression builds. Strategic merge (Kubernetes): containers,
volumes and variables merge by name, mounts by path; a list of tolerations replaces the old one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from argosy_expressions.terms import quote
from argosy_schemas.values import JsonValue, to_json

PATCH_INPUT = "patch"
"""Input of a pod template: the text of its patch."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A value that an expression yields; written as its JSON."""

    expression: str


@dataclass(frozen=True, slots=True)
class TextHole:
    """A value that an expression yields as JSON text of its own."""

    expression: str


@dataclass(frozen=True, slots=True)
class Optional:
    """An element of a list that is there only if ``expression`` is not null.

    Such an element never stands first in its list.
    """

    expression: str
    element: Patch


@dataclass(frozen=True, slots=True)
class OpenKey:
    """An object with one member whose name an expression yields, beside ``others``."""

    key: str
    value: Patch
    others: Mapping[str, Patch]


Patch: TypeAlias = (
    "JsonValue | Hole | TextHole | Optional | OpenKey | Sequence[Patch] | Mapping[str, Patch]"
)


def is_static(patch: Patch) -> bool:
    """Return whether there is nothing open in ``patch``."""
    if isinstance(patch, Hole | TextHole | Optional | OpenKey):
        return False
    if isinstance(patch, Mapping):
        return all(is_static(value) for value in patch.values())
    if isinstance(patch, Sequence) and not isinstance(patch, str):
        return all(is_static(value) for value in patch)
    return True


def text_of(patch: JsonValue) -> str:
    """Return the JSON text of a patch in which nothing is open; it ends no tag that it is in."""
    text = to_json(patch)
    while "}}" in text:
        text = text.replace("}}", "} }")
    return text


def text_expression(patch: Patch) -> str:
    """Return the expression of the JSON text of ``patch``."""
    pieces: list[str] = []
    literal: list[str] = []
    for piece in _pieces(patch):
        if isinstance(piece, str):
            literal.append(piece)
            continue
        if literal:
            pieces.append(_literal("".join(literal)))
            literal.clear()
        pieces.append(piece.expression)
    if literal:
        pieces.append(_literal("".join(literal)))
    return " + ".join(pieces)


def _literal(text: str) -> str:
    # JSON is full of double quotes, and between single ones they need no escape.
    return quote(text).replace("\\x22", '"')


def _pieces(patch: Patch) -> list[str | TextHole]:
    """Return literal text and expressions of text, in order."""
    if isinstance(patch, Hole):
        return [TextHole(f"toJson({patch.expression})")]
    if isinstance(patch, TextHole):
        return [patch]
    if isinstance(patch, Optional):
        inner = text_expression(patch.element)
        return [TextHole(f"({patch.expression} == nil ? '' : ',' + {inner})")]
    if isinstance(patch, OpenKey):
        member = [TextHole(f"toJson({patch.key})"), ":", *_pieces(patch.value)]
        others = _pieces(patch.others)[1:-1]
        return ["{", *member, *([",", *others] if others else []), "}"]
    if isinstance(patch, Mapping):
        pieces: list[str | TextHole] = ["{"]
        for number, key in enumerate(sorted(patch)):
            pieces += [f"{',' if number else ''}{to_json(key)}:", *_pieces(patch[key])]
        return [*pieces, "}"]
    if isinstance(patch, Sequence) and not isinstance(patch, str):
        pieces = ["["]
        for number, element in enumerate(patch):
            if number and not isinstance(element, Optional):
                pieces.append(",")
            pieces += _pieces(element)
        return [*pieces, "]"]
    return [to_json(patch)]
