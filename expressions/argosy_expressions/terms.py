"""Pieces of a translated condition: an Argo expression, and when it fails.

CEL's ``&&`` and ``||`` absorb errors, expr-lang's stop at the first one. So each term carries the
*guards* under which it has a value. A guard is a fact about the inputs, e.g. "x is not null"; if
Argo can test it without failing, it has an expression of its own.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TypeAlias

from argosy_expressions.cel.checking import BOOL, Kinds
from argosy_expressions.cel.values import ValueKind
from argosy_expressions.gotext import INT_MIN
from argosy_schemas.values import JsonValue

CHOICE, OR, AND, COMPARE, UNARY, ATOM = range(6)
"""How tightly the outermost operator of an expression binds, from loose to tight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A fact that must hold for a term to have a value."""

    fact: str
    """The name of the fact; equal names mean the same fact."""
    test: str | None
    """Argo expression that never fails and is true if the fact holds; ``None``: there is none."""


Guards: TypeAlias = frozenset[Guard]
NONE: Guards = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """The translation of one node."""

    text: str
    level: int = ATOM
    kinds: Kinds
    """The kinds of its value if it does not fail."""
    may_fail: Guards = NONE
    """If all of these hold, the term does not fail."""
    must_fail: Guards = NONE
    """If one of these does not hold, the term fails; a subset of ``may_fail``."""
    yes: str | None = None
    """Of a boolean: an expression that never fails and is true exactly if the term is true."""
    no: str | None = None
    """Of a boolean: an expression that never fails and is true exactly if the term is false."""

    def at(self, level: int) -> str:
        """Return the text, in brackets unless it binds at least this tightly."""
        return self.text if self.level >= level else f"({self.text})"


def make_boolean(text: str, level: int, guards: Guards, *, must: Guards | None = None) -> Term:
    """Return a boolean term that fails exactly if one of ``guards`` does not hold."""
    tests = [guard.test for guard in sorted(guards, key=lambda guard: guard.fact)]
    known = [test for test in tests if test is not None]
    yes = no = None
    if len(known) == len(tests):
        inside = text if level > AND else f"({text})"
        negated = f"!{text}" if level >= UNARY else f"!({text})"
        yes = " && ".join([*known, inside])
        no = " && ".join([*known, negated])
    must_fail = guards if must is None else must
    return Term(
        text=text, level=level, kinds=BOOL, may_fail=guards, must_fail=must_fail, yes=yes, no=no
    )


def negate(term: Term) -> Term:
    """Return the negation of a boolean term."""
    return Term(
        text=f"!{term.at(UNARY)}",
        level=UNARY,
        kinds=BOOL,
        may_fail=term.may_fail,
        must_fail=term.must_fail,
        yes=term.no,
        no=term.yes,
    )


def join(operator: str, terms: list[Term]) -> Term | None:
    """Join booleans by ``&&`` or ``||`` with CEL's outcome, whichever of them fail.

    Returns:
        ``None`` if no expression of Argo has that outcome.
    """
    level = AND if operator == "&&" else OR
    may = frozenset[Guard]().union(*(term.may_fail for term in terms))
    must = terms[0].must_fail.intersection(*(term.must_fail for term in terms))
    yes, no = _sides(operator, terms)
    ordered = sorted(terms, key=lambda term: len(term.may_fail))
    if _can_stop_at_first_failure(ordered):
        text = f" {operator} ".join(term.at(level + 1) for term in ordered)
    elif yes is None or no is None:
        return None
    else:
        # The text in the last branch is not JSON, so fromJSON fails; Argo's message quotes it.
        failure = "fromJSON('the condition fails on these values')"
        text, level = f"{yes} ? true : {no} ? false : {failure}", CHOICE
    return Term(text=text, level=level, kinds=BOOL, may_fail=may, must_fail=must, yes=yes, no=no)


def _can_stop_at_first_failure(terms: list[Term]) -> bool:
    """Return whether all terms after a failing one fail as well."""
    return all(
        earlier.may_fail <= later.must_fail
        for index, earlier in enumerate(terms)
        for later in terms[index + 1 :]
    )


def _sides(operator: str, terms: list[Term]) -> tuple[str | None, str | None]:
    yes = [term.yes for term in terms if term.yes is not None]
    no = [term.no for term in terms if term.no is not None]
    if len(yes) < len(terms) or len(no) < len(terms):
        return None, None
    if operator == "&&":
        return _all(yes), _any(no)
    return _any(yes), _all(no)


def _all(tests: list[str]) -> str:
    return " && ".join(tests)


def _any(tests: list[str]) -> str:
    return f"({' || '.join(tests)})"


def make_literal(value: JsonValue) -> Term:
    """Return the term of a CEL literal: a text, a number, a boolean or null."""
    match value:
        case None:
            return Term(text="nil", kinds=frozenset({ValueKind.NULL}))
        case bool():
            text = "true" if value else "false"
            return Term(text=text, kinds=BOOL, yes=text, no="false" if value else "true")
        case int():
            # Go parses the digits without the sign, and these digits exceed 64 bits.
            text = f"({INT_MIN + 1} - 1)" if value == INT_MIN else str(value)
            level = ATOM if value >= 0 or value == INT_MIN else UNARY
            return Term(text=text, level=level, kinds=frozenset({ValueKind.INT}))
        case float() if not math.isfinite(value):
            return Term(text=f"float('{value}')", kinds=frozenset({ValueKind.DOUBLE}))
        case float():
            level = UNARY if value < 0 else ATOM
            return Term(text=repr(value), level=level, kinds=frozenset({ValueKind.DOUBLE}))
        case _:
            return Term(text=quote(str(value)), kinds=frozenset({ValueKind.TEXT}))


_UNSAFE = re.compile(r"""[^\x20-\x7e\xa1-\ud7ff\ue000-\U0010ffff]|['"\\{}]""")


def quote(text: str) -> str:
    r"""Return a text literal for an expression that stands in a tag of a JSON string.

    It holds no brace, so that no tag begins or ends in it, and no quote inside. Backslashes are
    written as ``\x5c``: Argo replaces ``\u003c`` before it parses the JSON, wherever it stands.
    """
    return f"'{_UNSAFE.sub(_escape, text)}'"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
