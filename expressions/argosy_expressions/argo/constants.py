"""The constants in an expression that another expression could take the place of."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from argosy_expressions.argo.parser import TOKEN
from argosy_expressions.tokens import Kind, Span, Token, tokens, unquote


class Role(Enum):
    """What a constant is in its expression."""

    TEXT = auto()
    NUMBER = auto()
    KEY = auto()
    """The key of a map that the expression makes."""


class Constant(NamedTuple):
    """A constant with its place."""

    role: Role
    value: str
    """The text that it stands for; of a number, as written."""
    span: Span


def constants(text: str) -> tuple[Constant, ...]:
    """Return the constants of an expression, in their order.

    Left out are ``true``, ``false``, ``nil``, whole numbers that pick an item of a list, and the
    names in ``tasks['a']`` and ``parameters['a']``, which Argo looks for before it evaluates.

    Raises:
        ExpressionSyntaxError: Something is no token.
    """
    row = tokens(text, TOKEN)
    found: list[Constant] = []
    for place, token in enumerate(row):
        before = [row[place - back].text if place >= back else "" for back in (1, 2)]
        if token.kind in (Kind.INTEGER, Kind.FLOAT):
            if before[0] != "[" and not _is_key(before[0], row[place + 1]):
                found.append(Constant(Role.NUMBER, token.text, token.span))
        elif token.kind is Kind.TEXT and before not in (["[", "tasks"], ["[", "parameters"]):
            role = Role.KEY if _is_key(before[0], row[place + 1]) else Role.TEXT
            found.append(Constant(role, unquote(token, text), token.span))
    return tuple(found)


def _is_key(before: str, after: Token) -> bool:
    # The colon of a choice comes after `?`, never after a comma or an opening brace.
    return after.text == ":" and before in ("{", ",")
