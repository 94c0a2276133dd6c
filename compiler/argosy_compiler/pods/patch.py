"""A ``podSpecPatch`` with values that are known only when the pod is made.

Argo substitutes tags in strings only, and most fields of a pod are not strings. So one expression
builds the JSON text of a strategic merge patch. Kubernetes merges containers, volumes and variables
by name and mounts by path; a list of tolerations replaces the one of the template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from argosy_expressions.terms import quote
from argosy_schemas.values import JsonValue, to_json


@dataclass(frozen=True, slots=True)
class OpenValue:
    """The value of an expression, written as JSON."""

    expression: str


@dataclass(frozen=True, slots=True)
class OpenText:
    """JSON text that is the value of an expression."""

    expression: str


@dataclass(frozen=True, slots=True)
class OptionalElement:
    """An element of a list that is left out where ``expression`` is null.

    It must not be the first element of its list, since its text begins with the comma.
    """

    expression: str
    element: Patch


@dataclass(frozen=True, slots=True)
class OpenKey:
    """An object with a member whose name is the value of an expression, and with ``others``."""

    key: str
    value: Patch
    others: Mapping[str, Patch]


Open: TypeAlias = OpenValue | OpenText | OptionalElement | OpenKey
Patch: TypeAlias = "JsonValue | Open | Sequence[Patch] | Mapping[str, Patch]"


def is_static(patch: Patch) -> bool:
    """Return whether ``patch`` is JSON, without expressions."""
    if isinstance(patch, Open):
        return False
    if isinstance(patch, Mapping):
        return all(is_static(value) for value in patch.values())
    if isinstance(patch, Sequence) and not isinstance(patch, str):
        return all(is_static(value) for value in patch)
    return True


def make_static_text(patch: JsonValue) -> str:
    """Return the JSON text of a static patch, without ``}}``, which would end a tag."""
    text = to_json(patch)
    while "}}" in text:
        text = text.replace("}}", "} }")
    return text


def make_text_expression(patch: Patch) -> str:
    """Return the expression whose value is the JSON text of ``patch``."""
    pieces: list[str] = []
    literal: list[str] = []
    for piece in _split(patch):
        if isinstance(piece, str):
            literal.append(piece)
            continue
        if literal:
            pieces.append(_make_literal("".join(literal)))
            literal.clear()
        pieces.append(piece.expression)
    if literal:
        pieces.append(_make_literal("".join(literal)))
    return " + ".join(pieces)


def _make_literal(text: str) -> str:
    # JSON has many double quotes, which need no escape between single quotes.
    return quote(text).replace("\\x22", '"')


def _split(patch: Patch) -> list[str | OpenText]:
    """Return the literal texts and the expressions of texts, in order."""
    if isinstance(patch, OpenValue):
        return [OpenText(f"toJson({patch.expression})")]
    if isinstance(patch, OpenText):
        return [patch]
    if isinstance(patch, OptionalElement):
        inner = make_text_expression(patch.element)
        return [OpenText(f"({patch.expression} == nil ? '' : ',' + {inner})")]
    if isinstance(patch, OpenKey):
        member = [OpenText(f"toJson({patch.key})"), ":", *_split(patch.value)]
        others = _split(patch.others)[1:-1]
        return ["{", *member, *([",", *others] if others else []), "}"]
    if isinstance(patch, Mapping):
        pieces: list[str | OpenText] = ["{"]
        for number, key in enumerate(sorted(patch)):
            pieces += [f"{',' if number else ''}{to_json(key)}:", *_split(patch[key])]
        return [*pieces, "}"]
    if isinstance(patch, Sequence) and not isinstance(patch, str):
        pieces = ["["]
        for number, element in enumerate(patch):
            if number and not isinstance(element, OptionalElement):
                pieces.append(",")
            pieces += _split(element)
        return [*pieces, "]"]
    return [to_json(patch)]
