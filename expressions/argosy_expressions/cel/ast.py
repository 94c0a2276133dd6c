"""The syntax tree of a CEL expression.

Each read of a task's input is one node, however it is spelt (:class:`Parameter`,
:class:`Artifacts`).

Nodes are named tuples: to create ten data classes would take most of this package's import time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal as OneOf
from typing import NamedTuple, TypeAlias

from argosy_expressions.tokens import Span

Operator: TypeAlias = OneOf["==", "!=", "<", "<=", ">", ">="]
Function: TypeAlias = OneOf["int", "double", "string", "bool", "parseJson"]


class Literal(NamedTuple):
    """``'text'``, ``5`` (an int64), ``1.5`` (a double), ``true``, ``null``."""

    value: str | int | float | bool | None
    span: Span


class Parameter(NamedTuple):
    """``inputs.parameter_values['x']``."""

    name: str
    span: Span


class Artifacts(NamedTuple):
    """``inputs.artifacts['x'].artifacts``: the list of an input's artifacts."""

    name: str
    span: Span


class Name(NamedTuple):
    """A variable, such as ``string_value`` in a selector."""

    name: str
    span: Span


class Index(NamedTuple):
    """``operand['key']``, ``operand.key``, ``operand[0]``."""

    operand: Node
    key: Node
    span: Span


class Call(NamedTuple):
    """A conversion, such as ``int(argument)``."""

    function: Function
    argument: Node
    span: Span


class Not(NamedTuple):
    """``!operand``."""

    operand: Node
    span: Span


class Compare(NamedTuple):
    """``left == right``, ``left < right`` and so on."""

    operator: Operator
    left: Node
    right: Node
    span: Span


class Logic(NamedTuple):
    """A chain of ``&&`` or of ``||``; at least two operands."""

    operator: OneOf["&&", "||"]
    operands: tuple[Node, ...]
    span: Span


Node: TypeAlias = Literal | Parameter | Artifacts | Name | Index | Call | Not | Compare | Logic


class Expression(NamedTuple):
    """A parsed CEL expression."""

    source: str
    root: Node
    parameters: frozenset[str]
    """The parameters read by a literal name."""
    artifacts: frozenset[str]
    """The artifact inputs read by a literal name."""


def get_children(node: Node) -> tuple[Node, ...]:
    """Return the direct children of a node, in the order of the text."""
    match node:
        case Index(operand, key):
            return (operand, key)
        case Call(_, operand) | Not(operand):
            return (operand,)
        case Compare(_, left, right):
            return (left, right)
        case Logic(_, operands):
            return operands
        case Literal() | Parameter() | Artifacts() | Name():
            return ()


def walk_nodes(root: Node) -> Iterator[tuple[Node, int]]:
    """Yield ``root`` and all its descendants with their depth, in the order of the text."""
    todo = [(root, 0)]
    while todo:
        node, depth = todo.pop()
        yield node, depth
        todo.extend((child, depth + 1) for child in reversed(get_children(node)))
