"""Find what is wrong with a condition whatever the values of its inputs are.

Each node gets the set of kinds that its value can have; a fault is an operation that no kind in the
set allows. An input can be null whatever its type is; null alone never makes a fault, since only
the values of a run can tell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from argosy_expressions.cel.ast import (
    Artifacts,
    Call,
    Compare,
    Expression,
    Index,
    Literal,
    Logic,
    Name,
    Node,
    Not,
    Parameter,
)
from argosy_expressions.cel.values import CONVERTIBLE, ValueKind, get_kind
from argosy_expressions.errors import Fault
from argosy_schemas.ir.model import ParameterType

Kinds = frozenset[ValueKind]

ANY: Kinds = frozenset(ValueKind)
BOOL: Kinds = frozenset({ValueKind.BOOL})

KINDS_OF_TYPE: Mapping[ParameterType, Kinds] = {
    ParameterType.STRING: frozenset({ValueKind.TEXT, ValueKind.NULL}),
    ParameterType.NUMBER_INTEGER: frozenset({ValueKind.DOUBLE, ValueKind.NULL}),
    ParameterType.NUMBER_DOUBLE: frozenset({ValueKind.DOUBLE, ValueKind.NULL}),
    ParameterType.BOOLEAN: frozenset({ValueKind.BOOL, ValueKind.NULL}),
    ParameterType.LIST: frozenset({ValueKind.LIST, ValueKind.NULL}),
    ParameterType.STRUCT: frozenset({ValueKind.MAP, ValueKind.NULL}),
    ParameterType.TASK_FINAL_STATUS: frozenset({ValueKind.MAP, ValueKind.NULL}),
    ParameterType.TASK_CONFIG: frozenset({ValueKind.MAP, ValueKind.NULL}),
}
"""Type of an input to the kinds of its resolved and coerced value; numbers are doubles."""

RESULT_OF: Mapping[str, Kinds] = {
    "int": frozenset({ValueKind.INT}),
    "double": frozenset({ValueKind.DOUBLE}),
    "string": frozenset({ValueKind.TEXT}),
    "bool": BOOL,
    "parseJson": ANY - {ValueKind.INT},
}

_NUMBERS: Kinds = frozenset({ValueKind.INT, ValueKind.DOUBLE})
_ORDERED: tuple[Kinds, ...] = (_NUMBERS, frozenset({ValueKind.TEXT}), BOOL)


class Check:
    """The check of one condition.

    Args:
        expression: The condition.
        parameters: The task's parameters with their declared types.
        artifacts: The names of the task's artifact inputs.
    """

    def __init__(
        self,
        expression: Expression,
        parameters: Mapping[str, ParameterType],
        artifacts: Collection[str],
    ) -> None:
        self._source = expression.source
        self._root = expression.root
        self._parameters = parameters
        self._artifacts = artifacts
        self._faults: list[Fault] = []

    def faults(self) -> tuple[Fault, ...]:
        """Return all faults in the order of the text."""
        if ValueKind.BOOL not in (kinds := self._kinds(self._root)):
            self._fault(f"Compare it with something: this is {_words(kinds)}", self._root)
        return tuple(sorted(self._faults, key=lambda fault: fault.span))

    def _kinds(self, node: Node) -> Kinds:
        match node:
            case Literal(value):
                return frozenset({get_kind(value)})
            case Parameter(name):
                if name not in self._parameters:
                    self._unknown(name, self._parameters, node)
                    return ANY
                return KINDS_OF_TYPE[self._parameters[name]]
            case Artifacts(name):
                if name not in self._artifacts:
                    self._unknown(name, self._artifacts, node)
                return frozenset({ValueKind.LIST})
            case Name(name):
                self._fault(f"Write inputs.parameter_values['{name}'] for an input", node)
                return ANY
            case Index():
                return self._index(node)
            case Call(function, argument):
                kinds = self._kinds(argument)
                if not kinds & CONVERTIBLE[function]:
                    self._fault(f"{function}() does not take {_words(kinds)}", argument)
                return RESULT_OF[function]
            case Not(operand):
                self._boolean(operand)
                return BOOL
            case Compare():
                return self._compare(node)
            case Logic(_, operands):
                for operand in operands:
                    self._boolean(operand)
                return BOOL

    def _index(self, node: Index) -> Kinds:
        if isinstance(node.operand, Name) and node.operand.name == "inputs":
            message = "Write inputs.parameter_values['…'] or inputs.artifacts['…'].artifacts"
            self._fault(message, node)
            return ANY
        kinds = self._kinds(node.operand)
        self._kinds(node.key)
        if not kinds & {ValueKind.LIST, ValueKind.MAP}:
            self._fault(f"Only lists and structs have members, not {_words(kinds)}", node.operand)
        return ANY - {ValueKind.INT}

    def _compare(self, node: Compare) -> Kinds:
        left, right = self._kinds(node.left), self._kinds(node.right)
        alike = any(group & left and group & right for group in _ORDERED)
        if node.operator not in ("==", "!="):
            if not alike:
                self._fault(f"{_words(left)} and {_words(right)} have no order", node)
        elif not alike and not left & right and _is_written(node.left) and _is_written(node.right):
            # Like CEL's checker: a mistake if both kinds are visible in the text.
            self._fault(f"{_words(left)} never equals {_words(right)}", node)
        return BOOL

    def _boolean(self, node: Node) -> None:
        kinds = self._kinds(node)
        if ValueKind.BOOL not in kinds:
            self._fault(f"Compare it with something: this is {_words(kinds)}", node)

    def _unknown(self, name: str, known: Collection[str], node: Node) -> None:
        # Imported on errors only: difflib takes longer to import than this package.
        from difflib import get_close_matches

        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean '{near[0]}'" if near else ""
        self._fault(f"The task has no input '{name}'{hint}", node)

    def _fault(self, message: str, node: Node) -> None:
        self._faults.append(Fault(message, self._source, node.span))


def _is_written(node: Node) -> bool:
    return not isinstance(node, Parameter | Artifacts | Name | Index) and not (
        isinstance(node, Call) and node.function == "parseJson"
    )


def _words(kinds: Kinds) -> str:
    """Return the name of a set of kinds for a message."""
    words = kinds - {ValueKind.NULL} or kinds
    return " or ".join(kind for kind in ValueKind if kind in words)
