"""The tokens of both languages: names, numbers, texts and signs.

CEL and expr-lang agree on names, numbers and the escapes in quoted text. Where they differ, each
parser passes its own pattern.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from enum import Enum, auto
from typing import NamedTuple

from argosy_expressions.errors import ExpressionSyntaxError

MAX_DEPTH = 64
"""How deep an expression may nest: far above what the SDK emits, far below Python's limit."""

Span = tuple[int, int]
"""Start and end in the text of the expression, in code points."""


class TokenKind(Enum):
    """The kind of a token."""

    NAME = auto()
    INTEGER = auto()
    FLOAT = auto()
    TEXT = auto()
    SIGN = auto()
    END = auto()


class Token(NamedTuple):
    """A token and its position."""

    kind: TokenKind
    text: str
    """The source of the token."""
    span: Span


_KINDS = {
    "name": TokenKind.NAME,
    "integer": TokenKind.INTEGER,
    "float": TokenKind.FLOAT,
    "text": TokenKind.TEXT,
    "sign": TokenKind.SIGN,
}


_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?",
}  # fmt: skip
# Compiled on use: most texts have no escape.
_ESCAPE = (
    r"(?s)\\(?:(?P<plain>[abfnrtv\\'\"`?])|[xX](?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})"
    r"|U(?P<U>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2})|(?P<bad>.|$))"
)


def unquote(token: Token, source: str) -> str:
    """Return the text that a token of kind TEXT denotes.

    Knows both quotes, and backticks for text without escapes, which only expr-lang has.

    Raises:
        ExpressionSyntaxError: An escape does not exist.
    """
    body = token.text[1:-1]
    if "\\" not in body or token.text[0] == "`":
        return body
    start = token.span[0] + 1

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


def read_tokens(source: str, pattern: re.Pattern[str]) -> list[Token]:
    """Return the tokens of ``source``; the last one has the kind END.

    Args:
        source: The whole expression.
        pattern: Matches any token; the name of the matching group is its kind: ``skip``, ``text``,
            ``name``, ``float``, ``integer`` or ``sign``.

    Raises:
        ExpressionSyntaxError: The source holds something that is not a token.
    """
    found: list[Token] = []
    position = 0
    while position < len(source):
        match = pattern.match(source, position)
        if match is None:
            raise _invalid_token(source, position)
        if match.lastgroup in _KINDS:
            found.append(Token(_KINDS[match.lastgroup], match[0], match.span()))
        position = match.end()
    found.append(Token(TokenKind.END, "", (position, position)))
    return found


def _invalid_token(source: str, position: int) -> ExpressionSyntaxError:
    character = source[position]
    if character in "'\"`":
        return ExpressionSyntaxError("Close the quote", source, (position, len(source)))
    return ExpressionSyntaxError(
        f"Remove '{character}', which means nothing here", source, (position, position + 1)
    )


class Cursor:
    """A position in a list of tokens, for parsers that look one token ahead."""

    def __init__(self, source: str, row: list[Token]) -> None:
        self.source = source
        self._row = row
        self._next = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self._row[self._next]

    @property
    def last_end(self) -> int:
        """Where the last taken token ends."""
        return self._row[self._next - 1].span[1] if self._next else 0

    def advance(self) -> Token:
        """Take the next token."""
        token = self.token
        if token.kind is not TokenKind.END:
            self._next += 1
        return token

    def is_at(self, *signs: str) -> bool:
        """Return whether the next token is one of these signs."""
        return self.token.kind is TokenKind.SIGN and self.token.text in signs

    def take(self, *signs: str) -> Token | None:
        """Take the next token if it is one of these signs."""
        return self.advance() if self.is_at(*signs) else None

    def expect(self, sign: str) -> Token:
        """Take the next token, which must be this sign."""
        if not self.is_at(sign):
            raise self.fault(f"Write '{sign}' here")
        return self.advance()

    def expect_end(self) -> None:
        """Raise an error unless all tokens are taken."""
        if self.token.kind is not TokenKind.END:
            raise self.fault("End the expression here, or write an operator first")

    def fault(self, message: str) -> ExpressionSyntaxError:
        """Return an error at the next token."""
        return ExpressionSyntaxError(message, self.source, self.token.span)

    @contextmanager
    def nested(self) -> Generator[None]:
        """Limit the depth of nesting, since the parsers recurse."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.fault(f"Nest at most {MAX_DEPTH} deep")
        yield
        self._depth -= 1
