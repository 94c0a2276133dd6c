"""``depends`` of a DAG task: which outcomes of other tasks let it run.

Argo finds the task names by pattern, expands bare names, replaces ``-`` by ``_`` and evaluates the
result with expr-lang. It waits for all tasks that the expression names, without short circuit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from argosy_expressions.errors import ExpressionSyntaxError
from argosy_expressions.tokens import Cursor, Token, TokenKind, read_tokens

GROUP_RESULTS = frozenset({"AnySucceeded", "AllFailed"})
"""Results of a task that fans out."""

RESULTS = GROUP_RESULTS | {"Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned"}
"""The results that may follow the name of a task, as in ``a.Succeeded``."""

ENDS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted")
"""The results in which a task can end; Argo does not care about their order in ``depends``."""

BARE = frozenset({"Succeeded", "Skipped", "Daemoned"})
"""The results for which a bare name stands."""

_KEYWORDS = frozenset({
    "in", "not", "and", "or", "let", "if", "else", "true", "false", "nil", "matches", "contains",
    "startsWith", "endsWith",
})  # fmt: skip
_TOKEN = re.compile(
    r"""
    (?P<skip> [ \t\r\n]+ )
  | (?P<name> [a-zA-Z0-9][-a-zA-Z0-9]* (?:\.[A-Za-z]+)? )
  | (?P<sign> && | \|\| | [!()] )
    """,
    re.VERBOSE,
)

Results: TypeAlias = Mapping[str, Collection[str]]
_Test: TypeAlias = Callable[[Results], bool]


@dataclass(frozen=True, slots=True)
class Depends:
    """A parsed ``depends`` of a DAG task."""

    text: str
    tasks: tuple[str, ...]
    """The tasks that it names, each once, in the order of the text; it waits for all of them."""
    asked: tuple[tuple[str, str], ...]
    """Each pair of a task and a result that the text names; the result of a bare name is empty."""
    _test: _Test = field(repr=False, compare=False)

    def holds(self, results: Results) -> bool:
        """Return whether the task runs.

        Args:
            results: Each of ``tasks`` to its results, usually one of :data:`ENDS`.
        """
        return self._test(results)


@lru_cache(maxsize=4096)
def parse_depends(text: str) -> Depends:
    """Return a parsed ``depends``; results are cached.

    Raises:
        ExpressionSyntaxError: The text is not such an expression, or names a task that Argo cannot
            parse.
    """
    parser = _Parser(text)
    test = parser.parse_alternatives()
    parser.cursor.expect_end()
    tasks = tuple(dict.fromkeys(task for task, _ in parser.asked))
    return Depends(text, tasks, tuple(parser.asked), test)


class _Parser:
    def __init__(self, source: str) -> None:
        self.cursor = Cursor(source, read_tokens(source, _TOKEN))
        self.asked: dict[tuple[str, str], None] = {}

    def parse_alternatives(self) -> _Test:
        tests = [self._parse_conditions()]
        while self.cursor.take("||"):
            tests.append(self._parse_conditions())
        return tests[0] if len(tests) == 1 else lambda results: any(t(results) for t in tests)

    def _parse_conditions(self) -> _Test:
        tests = [self._parse_condition()]
        while self.cursor.take("&&"):
            tests.append(self._parse_condition())
        return tests[0] if len(tests) == 1 else lambda results: all(t(results) for t in tests)

    def _parse_condition(self) -> _Test:
        with self.cursor.nested():
            if self.cursor.take("!"):
                inner = self._parse_condition()
                return lambda results: not inner(results)
            if self.cursor.take("("):
                inner = self.parse_alternatives()
                self.cursor.expect(")")
                return inner
        if self.cursor.token.kind is not TokenKind.NAME:
            raise self.cursor.fault("Write the name of a task here")
        return self._parse_task(self.cursor.advance())

    def _parse_task(self, token: Token) -> _Test:
        task, _, result = token.text.partition(".")
        if task in _KEYWORDS:
            raise self._fault(
                f"Rename the task '{task}': Argo parses the name as an operator", token
            )
        if result and result not in RESULTS:
            raise self._fault(f"Write a result that Argo knows for '{result}'", token)
        self.asked[task, result] = None
        if not result:
            return lambda results: not BARE.isdisjoint(results[task])
        return lambda results: result in results[task]

    def _fault(self, message: str, token: Token) -> ExpressionSyntaxError:
        return ExpressionSyntaxError(message, self.cursor.source, token.span)
