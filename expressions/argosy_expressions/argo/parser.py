"""Parse an Argo expression, and refuse by name what the compiler never emits.

Precedence and associativity are those of expr-lang 1.17: ``!a == b`` means ``(!a) == b``.
"""

from __future__ import annotations

import re

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
    walk_nodes,
)
from argosy_expressions.argo.functions import ARITY, PREDICATES
from argosy_expressions.errors import ExpressionSyntaxError, UnsupportedExpressionError
from argosy_expressions.gotext import INT_MAX
from argosy_expressions.tokens import (
    MAX_DEPTH,
    Cursor,
    Span,
    Token,
    TokenKind,
    read_tokens,
    unquote,
)

TOKEN = re.compile(
    r"""
    (?P<skip>    [ \t\r\n]+ )
  | (?P<text>    '(?:[^'\\\n]|\\.)*' | "(?:[^"\\\n]|\\.)*" | `[^`]*` )
  | (?P<name>    [A-Za-z_$][A-Za-z0-9_$]* )
  | (?P<float>   [0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)? | [0-9]+[eE][+-]?[0-9]+ )
  | (?P<integer> [0-9]+ )
  | (?P<sign>    \?[.?] | \.\. | \*\* | && | \|\| | :: | // | /\* | [=!<>]=
               | [-+*/%<>!?:.,;=()\[\]{}\#|^] )
    """,
    re.VERBOSE | re.DOTALL,
)
"""See :func:`argosy_expressions.tokens.tokens`."""
_LEVELS = {
    "||": 10,
    "&&": 15,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "contains", "endsWith"), 20),
    **dict.fromkeys(("+", "-"), 30),
    "*": 60,
}
_PREFIXES = {"!": 50, "-": 90}
_ORDER = frozenset({"<", "<=", ">", ">="})
_REFUSED = frozenset(
    {"??", "?.", "..", "**", "^", "|", ";", "::", "/", "//", "/*", "%", "and", "or", "not"}
    | {"let", "if", "else", "matches", "startsWith"}
)
_WORDS = frozenset({"in", "contains", "endsWith"})
_CONSTANTS = {"true": True, "false": False, "nil": None}


def parse(text: str) -> Node:
    """Return the syntax tree of an expression.

    Raises:
        ExpressionSyntaxError: The text is not an expression.
        UnsupportedExpressionError: The expression uses something that the compiler never emits.
    """
    parser = _Parser(text)
    root = parser.parse_expression()
    parser.refuse()
    parser.cursor.expect_end()
    if any(depth > MAX_DEPTH for _, depth in walk_nodes(root)):
        raise ExpressionSyntaxError(f"Nest at most {MAX_DEPTH} deep", text, root.span)
    return root


class _Parser:
    def __init__(self, source: str) -> None:
        self.cursor = Cursor(source, read_tokens(source, TOKEN))
        self._predicates = 0

    def parse_expression(self) -> Node:
        with self.cursor.nested():
            condition = self._parse_operation(1)
            if not self.cursor.take("?"):
                return condition
            then = self.parse_expression()
            self.cursor.expect(":")
            otherwise = self.parse_expression()
        return Choice(condition, then, otherwise, (condition.span[0], otherwise.span[1]))

    def refuse(self) -> None:
        """Raise if the next token is an operator that the compiler never emits."""
        token = self.cursor.token
        if token.kind in (TokenKind.SIGN, TokenKind.NAME) and token.text in _REFUSED:
            raise self._unsupported(f"The operator '{token.text}'", token.span)

    def _parse_operation(self, minimum: int) -> Node:
        """Parse operands joined by operators that bind at least this tightly."""
        left = self._parse_unary()
        while True:
            operator = self._take_operator(minimum)
            if operator is None:
                return left
            right = self._parse_operation(_LEVELS[operator] + 1)
            span = (left.span[0], right.span[1])
            if operator in _ORDER and self.cursor.is_at(*_ORDER):
                raise self._unsupported("A chain of comparisons", span)
            left = Binary(operator, left, right, span)

    def _take_operator(self, minimum: int) -> str | None:
        """Take the next operator if it binds tightly enough."""
        self.refuse()
        token = self.cursor.token
        text = token.text if token.kind in (TokenKind.SIGN, TokenKind.NAME) else ""
        if _LEVELS.get(text, 0) < minimum:
            return None
        return self.cursor.advance().text

    def _parse_unary(self) -> Node:
        token = self.cursor.token
        if token.kind is TokenKind.SIGN and token.text in _PREFIXES:
            self.cursor.advance()
            with self.cursor.nested():
                operand = self._parse_operation(_PREFIXES[token.text])
            span = (token.span[0], operand.span[1])
            return Unary(token.text, operand, span)
        return self._parse_access(self._parse_primary())

    def _parse_access(self, first: Node) -> Node:
        operand: Node = first
        while True:
            if self.cursor.take("."):
                operand = self._parse_member(operand)
            elif self.cursor.take("["):
                key = self.parse_expression()
                if self.cursor.is_at(":"):
                    raise self._unsupported("A slice", self.cursor.token.span)
                self.cursor.expect("]")
                operand = Access(operand, key, (operand.span[0], self.cursor.last_end))
            else:
                return operand

    def _parse_member(self, operand: Node) -> Node:
        name = self.cursor.token
        if name.kind is not TokenKind.NAME:
            raise self.cursor.fault("Write a name here")
        self.cursor.advance()
        span = (operand.span[0], name.span[1])
        if not self.cursor.is_at("("):
            return Access(operand, Literal(name.text, name.span), span)
        if not isinstance(operand, Name):
            raise self._unsupported(f"The method '{name.text}'", span)
        return self._parse_call(f"{operand.name}.{name.text}", span)

    def _parse_primary(self) -> Node:
        self.refuse()
        token = self.cursor.advance()
        match token.kind:
            case TokenKind.TEXT:
                return Literal(unquote(token, self.cursor.source), token.span)
            case TokenKind.FLOAT:
                return Literal(float(token.text), token.span)
            case TokenKind.INTEGER:
                return self._parse_integer(token)
            case TokenKind.NAME if token.text not in _WORDS:
                if token.text in _CONSTANTS:
                    return Literal(_CONSTANTS[token.text], token.span)
                if self.cursor.is_at("("):
                    return self._parse_call(token.text, token.span)
                return Name(token.text, token.span)
            case TokenKind.SIGN if token.text in ("(", "[", "{", "#"):
                return self._bracket(token)
            case _:
                message = "Write a value here"
                raise ExpressionSyntaxError(message, self.cursor.source, token.span)

    def _bracket(self, token: Token) -> Node:
        start = token.span[0]
        match token.text:
            case "(":
                inner = self.parse_expression()
                self.refuse()
                self.cursor.expect(")")
                return inner
            case "[":
                items = self._parse_list("]")
                return Items(items, (start, self.cursor.last_end))
            case "{":
                return self._parse_map(start)
            case _:
                if not self._predicates:
                    raise ExpressionSyntaxError(
                        "Use '#' in predicates only", self.cursor.source, token.span
                    )
                return Element(token.span)

    def _parse_list(self, closing: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self.cursor.is_at(closing):
            found.append(self.parse_expression())
            if not self.cursor.take(","):
                break
        self.cursor.expect(closing)
        return tuple(found)

    def _parse_map(self, start: int) -> Node:
        keys: list[Node] = []
        values: list[Node] = []
        while not self.cursor.is_at("}"):
            keys.append(self._parse_key())
            self.cursor.expect(":")
            values.append(self.parse_expression())
            if not self.cursor.take(","):
                break
        self.cursor.expect("}")
        return Members(tuple(keys), tuple(values), (start, self.cursor.last_end))

    def _parse_key(self) -> Node:
        key = self.cursor.advance()
        match key.kind:
            case TokenKind.TEXT:
                return Literal(unquote(key, self.cursor.source), key.span)
            case TokenKind.NAME | TokenKind.INTEGER:
                return Literal(key.text, key.span)
            case TokenKind.SIGN if key.text == "(":
                return self._bracket(key)
            case _:
                message = "Write a name here"
                raise ExpressionSyntaxError(message, self.cursor.source, key.span)

    def _parse_call(self, function: str, span: Span) -> Node:
        if function not in ARITY:
            raise self._unsupported(f"The function '{function}'", span)
        self.cursor.expect("(")
        self._predicates += function in PREDICATES
        arguments = self._parse_list(")")
        self._predicates -= function in PREDICATES
        span = (span[0], self.cursor.last_end)
        if len(arguments) != ARITY[function]:
            wanted = f"{ARITY[function]} argument{'s' if ARITY[function] > 1 else ''}"
            message = f"Give '{function}' {wanted}, not {len(arguments)}"
            raise ExpressionSyntaxError(message, self.cursor.source, span)
        return Call(function, arguments, span)

    def _parse_integer(self, token: Token) -> Node:
        digits = token.text.lstrip("0") or "0"
        if len(digits) > 19 or int(digits) > INT_MAX:
            message = "Write a number of 64 bits"
            raise ExpressionSyntaxError(message, self.cursor.source, token.span)
        return Literal(int(digits), token.span)

    def _unsupported(self, what: str, span: Span) -> UnsupportedExpressionError:
        message = f"{what} is not in the part of the language that Argosy uses"
        return UnsupportedExpressionError(message, self.cursor.source, span)
