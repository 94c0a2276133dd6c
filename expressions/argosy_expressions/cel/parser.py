"""Parse the part of CEL that the KFP SDK emits, and refuse the rest of the language by name.

The methods follow the rules of CEL's grammar (google/cel-spec, ``langdef.md``); each docstring
quotes its rule.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import cast

from argosy_expressions.cel.ast import (
    Artifacts,
    Call,
    Compare,
    Expression,
    Function,
    Index,
    Literal,
    Logic,
    Name,
    Node,
    Not,
    Operator,
    Parameter,
    walk_nodes,
)
from argosy_expressions.cel.sdk_texts import escape_sdk_texts
from argosy_expressions.errors import (
    ExpressionError,
    ExpressionSyntaxError,
    UnsupportedExpressionError,
)
from argosy_expressions.gotext import INT_MAX, INT_MIN
from argosy_expressions.tokens import (
    MAX_DEPTH,
    Cursor,
    Span,
    Token,
    TokenKind,
    read_tokens,
    unquote,
)

_TOKEN = re.compile(
    r"""
    (?P<skip>    [ \t\r\n\f]+ | //[^\n]* )
  | (?P<text>    '(?:[^'\\\r\n]|\\.)*' | "(?:[^"\\\r\n]|\\.)*" )
  | (?P<name>    [A-Za-z_][A-Za-z0-9_]* )
  | (?P<float>   [0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)? | [0-9]+[eE][+-]?[0-9]+ )
  | (?P<integer> (?:0[xX][0-9a-fA-F]+|[0-9]+)[uU]? )
  | (?P<sign>    [=!<>]= | && | \|\| | [-+*/%<>!?:.,()\[\]{}] )
    """,
    re.VERBOSE | re.DOTALL,
)
_FUNCTIONS = frozenset({"int", "double", "string", "bool", "parseJson"})
_MACROS = frozenset({"has", "all", "exists", "exists_one", "map", "filter"})
_CONSTANTS = {"true": True, "false": False, "null": None}
_LEVELS = {"||": 1, "&&": 2, **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 3)}
_REFUSED_OPERATORS = frozenset({"?", "in", "+", "-", "*", "/", "%"})


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """Return the syntax tree of a CEL expression; trees are cached.

    Texts that the KFP SDK wrote without escapes are read as it meant them.

    Raises:
        ExpressionSyntaxError: The text is not CEL.
        UnsupportedExpressionError: It is CEL that the SDK never emits.
    """
    try:
        return _parse(text)
    except ExpressionError:
        escaped = escape_sdk_texts(text)
        if escaped == text:
            raise
        return _parse(escaped)


def _parse(text: str) -> Expression:
    parser = _Parser(text)
    root = parser.parse_expression()
    parser.cursor.expect_end()
    found = tuple(walk_nodes(root))
    if any(depth > MAX_DEPTH for _, depth in found):
        raise ExpressionSyntaxError(f"Nest at most {MAX_DEPTH} deep", text, root.span)
    below = [node for node, _ in found]
    return Expression(
        source=text,
        root=root,
        parameters=frozenset(node.name for node in below if isinstance(node, Parameter)),
        artifacts=frozenset(node.name for node in below if isinstance(node, Artifacts)),
    )


class _Parser:
    def __init__(self, source: str) -> None:
        self.cursor = Cursor(source, read_tokens(source, _TOKEN))

    def parse_expression(self) -> Node:
        """``Expr = Or ["?" Or ":" Expr]``; the choice is refused."""
        with self.cursor.nested():
            return self._parse_operation(1)

    def _parse_operation(self, minimum: int) -> Node:
        """Parse operands joined by operators that bind at least this tightly."""
        left = self._parse_unary()
        while True:
            operator = self.cursor.token
            if operator.text in _REFUSED_OPERATORS:
                raise self._unsupported(f"the operator '{operator.text}'", operator.span)
            level = _LEVELS.get(operator.text, 0)
            if level < minimum:
                return left
            self.cursor.advance()
            left = _join(operator.text, left, self._parse_operation(level + 1))

    def _parse_unary(self) -> Node:
        """``Unary = Member | "!" {"!"} Member | "-" {"-"} Member``."""
        if token := self.cursor.take("!"):
            with self.cursor.nested():
                operand = self._parse_unary()
            return Not(operand, (token.span[0], operand.span[1]))
        if token := self.cursor.take("-"):
            if self.cursor.token.kind not in (TokenKind.INTEGER, TokenKind.FLOAT):
                raise self._unsupported("the operator '-'", token.span)
            return self._parse_member(self._parse_number(self.cursor.advance(), token.span[0], "-"))
        return self._parse_member(self._parse_primary())

    def _parse_member(self, first: Node) -> Node:
        """``Member = Primary | Member "." IDENT ["(" [ExprList] ")"] | Member "[" Expr "]"``."""
        operand = first
        while True:
            if self.cursor.take("."):
                operand = self._parse_dot(operand)
            elif self.cursor.take("["):
                key = self.parse_expression()
                self.cursor.expect("]")
                operand = _access(operand, key, (operand.span[0], self.cursor.last_end))
            else:
                return operand

    def _parse_dot(self, operand: Node) -> Node:
        name = self._take_name()
        if not self.cursor.is_at("("):
            span = (operand.span[0], name.span[1])
            return _access(operand, Literal(name.text, name.span), span)
        raise self._unsupported(_describe_call(name.text), name.span)

    def _take_name(self) -> Token:
        if self.cursor.token.kind is not TokenKind.NAME:
            raise self.cursor.fault("Write a name here")
        return self.cursor.advance()

    def _parse_primary(self) -> Node:
        """``Primary = LITERAL | IDENT ["(" [ExprList] ")"] | "(" Expr ")" | list | map``."""
        token = self.cursor.token
        match token.kind:
            case TokenKind.TEXT:
                self.cursor.advance()
                return Literal(unquote(token, self.cursor.source), token.span)
            case TokenKind.INTEGER | TokenKind.FLOAT:
                return self._parse_number(self.cursor.advance(), token.span[0], "")
            case TokenKind.NAME:
                return self._parse_name()
            case TokenKind.SIGN if token.text == "(":
                self.cursor.advance()
                inner = self.parse_expression()
                self.cursor.expect(")")
                return inner
            case TokenKind.SIGN if token.text == "[":
                raise self._unsupported("a list", token.span)
            case TokenKind.SIGN if token.text == "{":
                raise self._unsupported("a map", token.span)
            case _:
                raise self.cursor.fault("Write a value here")

    def _parse_number(self, token: Token, start: int, sign: str) -> Node:
        span = (start, token.span[1])
        if token.kind is TokenKind.FLOAT:
            return Literal(float(sign + token.text), span)
        if token.text[-1] in "uU":
            raise self._unsupported("an unsigned number", span)
        if len(token.text) > 25:
            raise ExpressionSyntaxError("Write a number of 64 bits", self.cursor.source, span)
        value = int(sign + token.text, 16 if token.text[:2] in ("0x", "0X") else 10)
        if not INT_MIN <= value <= INT_MAX:
            raise ExpressionSyntaxError("Write a number of 64 bits", self.cursor.source, span)
        return Literal(value, span)

    def _parse_name(self) -> Node:
        token = self.cursor.advance()
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text], token.span)
        if token.text == "in":
            raise ExpressionSyntaxError("Write a value here", self.cursor.source, token.span)
        if not self.cursor.is_at("("):
            return Name(token.text, token.span)
        if token.text not in _FUNCTIONS:
            raise self._unsupported(_describe_call(token.text), token.span)
        self.cursor.expect("(")
        argument = self.parse_expression()
        self.cursor.expect(")")
        return Call(cast(Function, token.text), argument, (token.span[0], self.cursor.last_end))

    def _unsupported(self, construct: str, span: Span) -> UnsupportedExpressionError:
        message = (
            f"Argosy does not evaluate {construct}, which the KFP SDK never writes; compute the "
            "value in a component and compare its output"
        )
        return UnsupportedExpressionError(message, self.cursor.source, span)


def _join(operator: str, left: Node, right: Node) -> Node:
    span = (left.span[0], right.span[1])
    match operator:
        case "&&" | "||":
            chain = left.operands if isinstance(left, Logic) and left.operator == operator else None
            return Logic(operator, (*(chain or (left,)), right), span)
        case _:
            return Compare(cast(Operator, operator), left, right, span)


def _describe_call(name: str) -> str:
    return f"the {'macro' if name in _MACROS else 'function'} '{name}'"


def _access(operand: Node, key: Node, span: Span) -> Node:
    """Return the node for ``operand[key]``; the read of an input has a node of its own."""
    match operand, key:
        case Index(Name("inputs"), Literal("parameter_values")), Literal(str() as name):
            return Parameter(name, span)
        case (
            Index(Index(Name("inputs"), Literal("artifacts")), Literal(str() as name)),
            Literal("artifacts"),
        ):
            return Artifacts(name, span)
        case _:
            return Index(operand, key, span)
