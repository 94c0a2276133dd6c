"""Evaluate a syntax tree over the inputs of a task, by CEL's rules.

Three rules are easy to get wrong: an unknown key is an error, not null; ``'5' == 5`` is false, not
an error; ``&&`` and ``||`` evaluate both sides before they fail, so that ``failing || true`` is
true in either order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

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
from argosy_expressions.cel.values import are_equal, compare, convert, get_kind, to_double
from argosy_expressions.errors import EvaluationError
from argosy_expressions.gotext import to_index
from argosy_schemas.values import JsonValue

T = TypeVar("T")

_ABSENT_FIELDS: Mapping[str, JsonValue] = {
    "name": "", "uri": "", "type": {}, "metadata": {}, "custom_path": "",
}  # fmt: skip


def fill_unset_fields(artifact: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """Return an artifact in which fields that are not set have protobuf's default values."""
    return {**_ABSENT_FIELDS, **artifact}


class Evaluation:
    """The evaluation of one expression.

    Args:
        expression: The expression.
        parameters: The task's parameters, resolved and coerced.
        artifacts: The task's artifacts by input name.
        names: The variables of a selector.
    """

    def __init__(
        self,
        expression: Expression,
        parameters: Mapping[str, JsonValue],
        artifacts: Mapping[str, Sequence[Mapping[str, JsonValue]]],
        names: Mapping[str, JsonValue],
    ) -> None:
        self._source = expression.source
        self._root = expression.root
        self._parameters = parameters
        self._artifacts = artifacts
        self._names = names

    def result(self) -> JsonValue:
        """Return the value of the whole expression.

        Raises:
            EvaluationError: The expression fails on these values.
        """
        return self._value(self._root)

    def _value(self, node: Node) -> JsonValue:
        match node:
            case Literal(value):
                return value
            case Parameter(name):
                return to_double(self._look_up(self._parameters, name, node))
            case Artifacts(name):
                artifacts = self._look_up(self._artifacts, name, node)
                return [fill_unset_fields(artifact) for artifact in artifacts]
            case Name(name):
                return to_double(self._look_up(self._names, name, node))
            case Index(operand, index):
                return to_double(self._member(self._value(operand), self._value(index), node))
            case Call():
                return self._convert(node)
            case Not(operand):
                return not self._bool(operand)
            case Compare():
                return self._compare(node)
            case Logic(operator, operands):
                return self._logic(operands, absorbing=operator == "||")

    def _look_up(self, values: Mapping[str, T], name: str, node: Node) -> T:
        if name not in values:
            raise self._error(f"'{name}' has no value here", node)
        return values[name]

    def _member(self, container: JsonValue, key: JsonValue, node: Index) -> JsonValue:
        match container, key:
            case Mapping(), str():
                if key not in container:
                    raise self._error(f"There is no key '{key}'", node)
                return container[key]
            case str() | Mapping(), _:
                pass
            case Sequence(), _:
                index = to_index(key)
                if index is not None and index == key:
                    if 0 <= index < len(container):
                        return container[index]
                    raise self._error(f"There is no item {key} in a list of {len(container)}", node)
            case _:
                pass
        raise self._error(f"{get_kind(container)} has no member by {get_kind(key)}", node)

    def _convert(self, node: Call) -> JsonValue:
        value = self._value(node.argument)
        try:
            return convert(node.function, value)
        except ValueError as error:
            raise self._error(f"{node.function}() {error}", node) from error

    def _bool(self, node: Node) -> bool:
        value = self._value(node)
        if not isinstance(value, bool):
            raise self._error(f"Expected a boolean here, not {get_kind(value)}", node)
        return value

    def _compare(self, node: Compare) -> bool:
        left, right = self._value(node.left), self._value(node.right)
        if node.operator in ("==", "!="):
            return are_equal(left, right) is (node.operator == "==")
        ordered = compare(left, right)
        if ordered is None:
            raise self._error(f"{get_kind(left)} and {get_kind(right)} have no order", node)
        match node.operator:
            case "<":
                return ordered == -1
            case "<=":
                return ordered in (-1, 0)
            case ">":
                return ordered == 1
            case _:
                return ordered in (0, 1)

    def _logic(self, operands: Sequence[Node], *, absorbing: bool) -> bool:
        failed: EvaluationError | None = None
        for operand in operands:
            try:
                if self._bool(operand) is absorbing:
                    return absorbing
            except EvaluationError as error:
                failed = failed or error
        if failed:
            raise failed
        return not absorbing

    def _error(self, message: str, node: Node) -> EvaluationError:
        return EvaluationError(message, self._source, node.span)
