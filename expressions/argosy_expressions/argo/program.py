"""Compile an expression: it is parsed once and evaluated thousands of times.

Each node becomes a closure over the closures of its children, which costs a fraction of walking the
tree. Compiling also refuses what expr-lang's checker refuses: operands whose kinds are visible in
the text and do not match.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from argosy_expressions.argo.ast import (
    Access,
    Binary,
    Call,
    Choice,
    Element,
    Items,
    Literal,
    Members,
    Name,
    Node,
    Unary,
    get_path,
    walk_nodes,
)
from argosy_expressions.argo.functions import FUNCTIONS, RESULTS
from argosy_expressions.argo.parser import parse
from argosy_expressions.argo.values import (
    calculate,
    contains,
    get_type_name,
    is_equal,
    is_less,
    is_number,
)
from argosy_expressions.errors import EvaluationError, ExpressionSyntaxError
from argosy_expressions.gotext import format_float, to_index
from argosy_expressions.tokens import Span
from argosy_schemas.values import JsonValue

Environment: TypeAlias = Mapping[str, JsonValue]
"""Nested mappings down to text: ``{"workflow": {"parameters": {"n": "4"}}, "item": "0"}``."""

Code: TypeAlias = Callable[[Environment, JsonValue], JsonValue]
"""Returns the value of a node; the second argument is the element that a predicate tests."""


class Program:
    """A compiled expression.

    Attributes:
        text: The source of the expression.
        paths: The dotted paths that it reads, e.g. ``workflow.status``.
    """

    def __init__(self, text: str) -> None:
        root = parse(text)
        self.text = text
        self.paths = frozenset(read for node, _ in walk_nodes(root) if (read := get_path(node)))
        self._code = _Compilation(text).code(root)

    def run(self, environment: Environment) -> JsonValue:
        """Return the value of the expression.

        Raises:
            EvaluationError: The expression fails in this environment.
        """
        return self._code(environment, None)


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Program:
    """Return the program of an expression; programs are cached.

    Raises:
        ExpressionSyntaxError: The text is not an expression.
        UnsupportedExpressionError: The expression uses something that the compiler never emits.
    """
    return Program(text)


class _Compilation:
    def __init__(self, source: str) -> None:
        self._source = source

    def code(self, node: Node) -> Code:
        match node:
            case Literal(value):
                return lambda environment, element: value
            case Name(name):
                return self._name(name, node.span)
            case Element():
                return lambda environment, element: element
            case Access():
                return self._access(node)
            case Items(items):
                codes = [self.code(item) for item in items]
                return lambda environment, element: [code(environment, element) for code in codes]
            case Members():
                return self._members(node)
            case Unary(operator, operand):
                return self._not(operand) if operator == "!" else self._negate(node)
            case Binary():
                return self._binary(node)
            case Choice():
                return self._choice(node)
            case Call():
                return self._call(node)

    def _members(self, node: Members) -> Code:
        pairs = [
            (self.code(key), key.span, self.code(value))
            for key, value in zip(node.keys, node.values, strict=True)
        ]

        def make(environment: Environment, element: JsonValue) -> JsonValue:
            members: dict[str, JsonValue] = {}
            for key, span, value in pairs:
                name = key(environment, element)
                if not isinstance(name, str):
                    raise self._error(f"A key must be a string, not {get_type_name(name)}", span)
                members[name] = value(environment, element)
            return members

        return make

    def _name(self, name: str, span: Span) -> Code:
        def read(environment: Environment, element: JsonValue) -> JsonValue:
            try:
                return environment[name]
            except KeyError:
                raise self._error(f"'{name}' is not known here", span) from None

        return read

    def _access(self, node: Access) -> Code:
        operand, span = self.code(node.operand), node.span
        if isinstance(node.key, Literal) and isinstance(node.key.value, str):
            name = node.key.value

            def member(environment: Environment, element: JsonValue) -> JsonValue:
                container = operand(environment, element)
                if isinstance(container, Mapping):
                    return container.get(name)
                raise self._error(f"There is no '{name}' in {get_type_name(container)}", span)

            return member
        key = self.code(node.key)

        def fetch(environment: Environment, element: JsonValue) -> JsonValue:
            container, wanted = operand(environment, element), key(environment, element)
            return self._fetch(container, wanted, span)

        return fetch

    def _fetch(self, container: JsonValue, key: JsonValue, span: Span) -> JsonValue:
        if isinstance(container, Mapping):
            if key is None or isinstance(key, str):
                return container.get(key or "")
        elif isinstance(container, Sequence) and not isinstance(container, str) and is_number(key):
            assert isinstance(key, int | float)
            index = to_index(key)
            if index is not None and -len(container) <= index < len(container):
                return container[index]
            named = format_float(key) if index is None else index
            raise self._error(f"There is no item {named} of {len(container)}", span)
        raise self._error(
            f"There is no member by {get_type_name(key)} in {get_type_name(container)}", span
        )

    def _not(self, operand: Node) -> Code:
        code = self._boolean(operand)
        return lambda environment, element: not code(environment, element)

    def _negate(self, node: Unary) -> Code:
        code, span = self.code(node.operand), node.span

        def negate(environment: Environment, element: JsonValue) -> JsonValue:
            value = code(environment, element)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self._error(f"'-' of {get_type_name(value)}", span)
            return -value

        return negate

    def _boolean(self, node: Node) -> Callable[[Environment, JsonValue], bool]:
        """Return the code of a node that must yield a boolean."""
        kind = _kind(node)
        if kind not in (None, "bool"):
            raise ExpressionSyntaxError(
                f"Write a boolean here, not {kind}", self._source, node.span
            )
        code, span = self.code(node), node.span

        def boolean(environment: Environment, element: JsonValue) -> bool:
            value = code(environment, element)
            if value is True or value is False:
                return value
            raise self._error(f"Expected a boolean here, not {get_type_name(value)}", span)

        return boolean

    def _binary(self, node: Binary) -> Code:
        if node.operator in ("&&", "||"):
            return self._logic(node)
        self._check(node)
        left, right, span = self.code(node.left), self.code(node.right), node.span
        operation = _OPERATIONS[node.operator]

        def apply(environment: Environment, element: JsonValue) -> JsonValue:
            first, second = left(environment, element), right(environment, element)
            try:
                return operation(first, second)
            except ValueError as error:
                raise self._error(str(error), span) from error

        return apply

    def _logic(self, node: Binary) -> Code:
        left = self._boolean(node.left)
        # expr-lang checks the left side only and returns the right side as it is.
        self._boolean(node.right)
        right = self.code(node.right)
        if node.operator == "&&":
            return lambda environment, element: (
                right(environment, element) if left(environment, element) else False
            )
        return lambda environment, element: (
            True if left(environment, element) else right(environment, element)
        )

    def _choice(self, node: Choice) -> Code:
        condition = self._boolean(node.condition)
        then, otherwise = self.code(node.then), self.code(node.otherwise)
        return lambda environment, element: (
            then(environment, element)
            if condition(environment, element)
            else otherwise(environment, element)
        )

    def _call(self, node: Call) -> Code:
        if node.function == "find":
            return self._find(node)
        if node.function == "map":
            return self._map(node)
        function, arguments = FUNCTIONS[node.function], [self.code(a) for a in node.arguments]
        span = node.span

        def call(environment: Environment, element: JsonValue) -> JsonValue:
            values = [argument(environment, element) for argument in arguments]
            try:
                return function(*values)
            except ValueError as error:
                raise self._error(str(error), span) from error

        return call

    def _find(self, node: Call) -> Code:
        items, predicate = self.code(node.arguments[0]), self._boolean(node.arguments[1])
        span = node.span

        def find(environment: Environment, element: JsonValue) -> JsonValue:
            values = items(environment, element)
            if not isinstance(values, Sequence) or isinstance(values, str):
                raise self._error(f"find() in {get_type_name(values)}", span)
            return next((value for value in values if predicate(environment, value)), None)

        return find

    def _map(self, node: Call) -> Code:
        items, result = self.code(node.arguments[0]), self.code(node.arguments[1])
        span = node.span

        def map_items(environment: Environment, element: JsonValue) -> JsonValue:
            values = items(environment, element)
            if not isinstance(values, Sequence) or isinstance(values, str):
                raise self._error(f"map() of {get_type_name(values)}", span)
            return [result(environment, value) for value in values]

        return map_items

    def _check(self, node: Binary) -> None:
        left, right = _kind(node.left), _kind(node.right)
        if left is None or right is None or "nil" in (left, right) or node.operator == "in":
            return
        if left != right:
            message = f"Make both sides of '{node.operator}' alike, not {left} and {right}"
            raise ExpressionSyntaxError(message, self._source, node.span)

    def _error(self, message: str, span: Span) -> EvaluationError:
        return EvaluationError(message, self._source, span)


def _of_texts(
    operator: str, holds: Callable[[str, str], bool]
) -> Callable[[JsonValue, JsonValue], bool]:
    def operation(left: JsonValue, right: JsonValue) -> bool:
        if left is None or right is None:
            return False
        if not isinstance(left, str) or not isinstance(right, str):
            raise ValueError(f"'{operator}' of {get_type_name(left)} and {get_type_name(right)}")
        return holds(left, right)

    return operation


_OPERATIONS: Mapping[str, Callable[[JsonValue, JsonValue], JsonValue]] = {
    "==": is_equal,
    "!=": lambda left, right: not is_equal(left, right),
    "<": lambda left, right: is_less(left, right, or_equal=False),
    "<=": lambda left, right: is_less(left, right, or_equal=True),
    ">": lambda left, right: is_less(right, left, or_equal=False),
    ">=": lambda left, right: is_less(right, left, or_equal=True),
    "in": lambda left, right: contains(right, left),
    "contains": _of_texts("contains", lambda left, right: right in left),
    "endsWith": _of_texts("endsWith", str.endswith),
    "+": lambda left, right: calculate("+", left, right),
    "-": lambda left, right: calculate("-", left, right),
    "*": lambda left, right: calculate("*", left, right),
}


def _kind(node: Node) -> str | None:
    """Return what a node yields, as far as the text says; ``None`` where only values can tell."""
    match node:
        case Literal(value):
            return "number" if is_number(value) else get_type_name(value)
        case Items():
            return "array"
        case Members():
            return "map"
        case Unary(operator):
            return "bool" if operator == "!" else "number"
        case Binary(operator, left, right):
            return _common_kind(left, right) if operator in ("+", "-", "*") else "bool"
        case Call(function):
            return RESULTS.get(function)
        case Choice(_, then, otherwise):
            return _common_kind(then, otherwise)
        case Name() | Access() | Element():
            return None


def _common_kind(one: Node, other: Node) -> str | None:
    kind = _kind(one)
    return kind if kind == _kind(other) else None
