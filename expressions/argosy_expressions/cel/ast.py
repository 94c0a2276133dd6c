"""The syntax tree of a CEL expression.

Reads of a task's inputs, however they are spelt, are one node each (:class:`Parameter`,
:class:`Artifacts`). What only a CEL library can evaluate is a :class:`Foreign` node, so that
a tree without one is evaluated, checked and translated here.

Nodes are named tuples: ten data classes would take longer to create than all else here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias
from typing import Literal as OneOf

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
    """A variable: in a selector ``string_value`` and its like."""

    name: str
    span: Span


class Index(NamedTuple):
    """``operand['key']``, ``operand.key``, ``operand[0]``."""

    operand: Node
    key: Node
    span: Span


class Call(NamedTuple):
    """A conversion."""

    function: Function
    argument: Node
    span: Span


class Not(NamedTuple):
    """``!operand``."""

    operand: Node
    span: Span


class Compare(NamedTuple):
    """``left == right`` and its like."""

    operator: Operator
    left: Node
    right: Node
    span: Span


class Logic(NamedTuple):
    """A chain of ``&&`` or of ``||``; at least two operands."""

    operator: OneOf["&&", "||"]
    operands: tuple[Node, ...]
    span: Span


CHOICE: Final = "the choice '? :'"
"""The construct whose value is that of its second or third operand."""


class Foreign(NamedTuple):
    """Valid CEL that the SDK never emits."""

    construct: str
    """What it is, in words: ``the macro 'exists'``, ``arithmetic ('+')``."""
    operands: tuple[Node, ...]
    span: Span


Node: TypeAlias = (
    Literal | Parameter | Artifacts | Name | Index | Call | Not | Compare | Logic | Foreign
)


class Expression(NamedTuple):
    """A parsed CEL expression."""

    source: str
    root: Node
    parameters: frozenset[str]
    """The parameters that it reads by a literal name."""
    artifacts: frozenset[str]
    """The artifact inputs that it reads by a literal name."""
    foreign: str | None
    """What takes it out of the SDK's grammar, e.g. ``the macro 'exists'``; ``None`` if nothing."""


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly below, in the order of the text."""
    match node:
        case Index(operand, key):
            return (operand, key)
        case Call(_, operand) | Not(operand):
            return (operand,)
        case Compare(_, left, right):
            return (left, right)
        case Logic(_, operands) | Foreign(_, operands):
            return operands
        case Literal() | Parameter() | Artifacts() | Name():
            return ()


def nodes(root: Node) -> Iterator[tuple[Node, int]]:
    """Yield ``root`` and all below it with their depth, in the order of the text."""
    todo = [(root, 0)]
    while todo:
        node, depth = todo.pop()
        yield node, depth
        todo.extend((child, depth + 1) for child in reversed(children(node)))
