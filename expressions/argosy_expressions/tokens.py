"""Words, numbers, texts and signs: the lexical level that both languages share.

They agree on names, numbers and the escapes in quoted text (expr-lang took them from CEL). Where
they differ, a language passes its own pattern.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum, auto
from typing import NamedTuple

from argosy_expressions.errors import ExpressionSyntaxError

MAX_DEPTH = 64
"""How deep an expression may nest; far above what the SDK emits, far below Python's stack."""

Span = tuple[int, int]
"""Start and end in the text of the expression, in code points."""


class Kind(Enum):
    """What a token is."""

    NAME = auto()
    INTEGER = auto()
    FLOAT = auto()
    TEXT = auto()
    SIGN = auto()
    END = auto()


class Token(NamedTuple):
    """One token with its place."""

    kind: Kind
    text: str
    """As written."""
    span: Span


_KINDS = {
    "name": Kind.NAME,
    "integer": Kind.INTEGER,
    "float": Kind.FLOAT,
    "text": Kind.TEXT,
    "sign": Kind.SIGN,
}


_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?",
}  # fmt: skip
# Compiled when a text with an escape comes; most have none.
_ESCAPE = (
    r"(?s)\\(?:(?P<plain>[abfnrtv\\'\"`?])|[xX](?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})"
    r"|U(?P<U>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2})|(?P<bad>.|$))"
)


def unquoted(token: Token, source: str) -> str:
    """Return what a token of kind TEXT stands for.

    Understands both quotes, three of them in a row, the prefix ``r`` and backticks for text
    without escapes. Which of these a language has, its pattern says.

    Raises:
        ExpressionSyntaxError: An escape that the languages do not know.
    """
    prefix = len(token.text) - len(token.text.lstrip("bBrR"))
    quoted = token.text[prefix:]
    width = 3 if quoted.startswith(("'''", '"""')) and len(quoted) >= 6 else 1
    body = quoted[width:-width]
    if "\\" not in body or quoted[0] == "`" or "r" in token.text[:prefix].lower():
        return body
    start = token.span[0] + prefix + width

    def replacement(match: re.Match[str]) -> str:
        if match["plain"]:
            return _ESCAPES[match["plain"]]
        digits = match["x"] or match["u"] or match["U"]
        code = int(digits, 16) if digits else int(match["octal"], 8) if match["octal"] else -1
        if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            span = (start + match.start(), start + match.end())
            raise ExpressionSyntaxError("Write an escape that exists", source, span)
        return chr(code)

    return re.sub(_ESCAPE, replacement, body)


def tokens(source: str, pattern: re.Pattern[str]) -> list[Token]:
    """Return the tokens of ``source``, with one of kind END behind them.

    Args:
        source: The whole expression.
        pattern: Matches any token; the group that matched says what it is: ``skip``, ``text``,
            ``name``, ``float``, ``integer`` or ``sign``.

    Raises:
        ExpressionSyntaxError: Something is no token.
    """
    found: list[Token] = []
    position = 0
    while position < len(source):
        match = pattern.match(source, position)
        if match is None:
            raise _no_token(source, position)
        if match.lastgroup in _KINDS:
            found.append(Token(_KINDS[match.lastgroup], match[0], match.span()))
        position = match.end()
    found.append(Token(Kind.END, "", (position, position)))
    return found


def _no_token(source: str, position: int) -> ExpressionSyntaxError:
    character = source[position]
    if character in "'\"`":
        return ExpressionSyntaxError("Close the quote", source, (position, len(source)))
    return ExpressionSyntaxError(
        f"Remove '{character}', which means nothing here", source, (position, position + 1)
    )


class Cursor:
    """A place in a row of tokens, for parsers that look one token ahead."""

    def __init__(self, source: str, row: list[Token]) -> None:
        self.source = source
        self._row = row
        self._next = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token to come."""
        return self._row[self._next]

    @property
    def after(self) -> Token:
        """The token behind the one to come."""
        return self._row[min(self._next + 1, len(self._row) - 1)]

    @property
    def passed(self) -> int:
        """Where the last token taken ended."""
        return self._row[self._next - 1].span[1] if self._next else 0

    def advance(self) -> Token:
        """Take the token to come."""
        token = self.token
        if token.kind is not Kind.END:
            self._next += 1
        return token

    def is_at(self, *signs: str) -> bool:
        """Return whether one of these signs comes next."""
        return self.token.kind is Kind.SIGN and self.token.text in signs

    def take(self, *signs: str) -> Token | None:
        """Take the next token if it is one of these signs."""
        return self.advance() if self.is_at(*signs) else None

    def expect(self, sign: str) -> Token:
        """Take the next token, which has to be this sign."""
        if not self.is_at(sign):
            raise self.fault(f"Write '{sign}' here")
        return self.advance()

    def expect_end(self) -> None:
        """Raise unless all tokens are taken."""
        if self.token.kind is not Kind.END:
            raise self.fault("End the expression here, or put an operator before")

    def fault(self, message: str) -> ExpressionSyntaxError:
        """Return an error at the token to come."""
        return ExpressionSyntaxError(message, self.source, self.token.span)

    @contextmanager
    def nested(self) -> Generator[None]:
        """Guard the stack: hand-written parsers recurse."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.fault(f"Nest at most {MAX_DEPTH} deep")
        yield
        self._depth -= 1
