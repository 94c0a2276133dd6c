"""The syntax tree of the part of expr-lang that the compiler emits.

Nodes are named tuples: to create ten data classes would take most of this package's import time.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple, TypeAlias

from argosy_expressions.tokens import Span


class Literal(NamedTuple):
    """``'text'``, ``5``, ``1.5``, ``true``, ``nil``."""

    value: str | int | float | bool | None
    span: Span


class Name(NamedTuple):
    """``workflow``, ``inputs``, ``tasks``, ``item``."""

    name: str
    span: Span


class Element(NamedTuple):
    """``#``: the element that a predicate tests."""

    span: Span


class Access(NamedTuple):
    """``operand.key``, ``operand['key']``, ``operand[0]``."""

    operand: Node
    key: Node
    span: Span


class Items(NamedTuple):
    """``[a, b]``."""

    items: tuple[Node, ...]
    span: Span


class Members(NamedTuple):
    """``{'a': b, (c): d}``."""

    keys: tuple[Node, ...]
    values: tuple[Node, ...]
    span: Span


class Unary(NamedTuple):
    """``!a``, ``not a`` and ``-a``."""

    operator: str
    operand: Node
    span: Span


class Binary(NamedTuple):
    """``a == b``, ``a + b`` and so on; ``and`` is stored as ``&&``, ``or`` as ``||``."""

    operator: str
    left: Node
    right: Node
    span: Span


class Choice(NamedTuple):
    """``condition ? then : otherwise``."""

    condition: Node
    then: Node
    otherwise: Node
    span: Span


class Call(NamedTuple):
    """``fromJSON(a)``, ``sprig.b64dec(a)``, ``find(list, predicate)``."""

    function: str
    arguments: tuple[Node, ...]
    span: Span


Node: TypeAlias = (
    Literal | Name | Element | Access | Items | Members | Unary | Binary | Choice | Call
)


def get_children(node: Node) -> tuple[Node, ...]:
    """Return the direct children of a node, in the order of the text."""
    match node:
        case Access(operand, key):
            return (operand, key)
        case Items(items) | Call(_, items):
            return items
        case Members(keys, values):
            return tuple(chain.from_iterable(zip(keys, values, strict=True)))
        case Unary(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Choice(condition, then, otherwise):
            return (condition, then, otherwise)
        case Literal() | Name() | Element():
            return ()


def walk_nodes(root: Node) -> Iterator[tuple[Node, int]]:
    """Yield ``root`` and all its descendants with their depth, in the order of the text."""
    todo = [(root, 0)]
    while todo:
        node, depth = todo.pop()
        yield node, depth
        todo.extend((child, depth + 1) for child in reversed(get_children(node)))


def get_path(node: Node) -> str | None:
    """Return the dotted path that a chain of literal members reads, e.g. ``workflow.status``."""
    match node:
        case Name(name):
            return name
        case Access(operand, Literal(str() as key)):
            above = get_path(operand)
            return None if above is None else f"{above}.{key}"
        case _:
            return None
