"""``depends`` of a DAG task: which outcomes of other tasks let it run.

Argo finds the tasks by pattern, writes out bare names, puts ``_`` for ``-`` and evaluates the rest
with expr-lang. There is no short circuit in when it decides: it waits for all tasks mentioned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from argosy_expressions.errors import ExpressionSyntaxError
from argosy_expressions.tokens import Cursor, Kind, Token, tokens

GROUP_RESULTS = frozenset({"AnySucceeded", "AllFailed"})
"""What may stand behind the name of a task that fans out."""

RESULTS = GROUP_RESULTS | {"Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned"}
"""What may stand behind a task's name."""

ENDS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted")
"""All that a task can come to; which of them is written first means nothing to Argo."""

BARE = frozenset({"Succeeded", "Skipped", "Daemoned"})
"""What a name alone stands for."""

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
    """The tasks it mentions, each once, in the order of the text; it waits for all of them."""
    asked: tuple[tuple[str, str], ...]
    """Each of them with each result that is asked of it, empty for a bare name."""
    _test: _Test = field(repr=False, compare=False)

    def holds(self, results: Results) -> bool:
        """Return whether the task is to run.

        Args:
            results: For each of ``tasks`` the results that are true of it, usually one of
                ``Succeeded``, ``Failed``, ``Errored``, ``Skipped``, ``Omitted``.
        """
        return self._test(results)


@lru_cache(maxsize=4096)
def depends(text: str) -> Depends:
    """Return a parsed ``depends``; parsed ones are kept.

    Raises:
        ExpressionSyntaxError: It is no such expression, or uses a task name that Argo cannot.
    """
    parser = _Parser(text)
    test = parser.alternatives()
    parser.cursor.expect_end()
    tasks = tuple(dict.fromkeys(task for task, _ in parser.asked))
    return Depends(text, tasks, tuple(parser.asked), test)


class _Parser:
    def __init__(self, source: str) -> None:
        self.cursor = Cursor(source, tokens(source, _TOKEN))
        self.asked: dict[tuple[str, str], None] = {}

    def alternatives(self) -> _Test:
        tests = [self._conditions()]
        while self.cursor.take("||"):
            tests.append(self._conditions())
        return tests[0] if len(tests) == 1 else lambda results: any(t(results) for t in tests)

    def _conditions(self) -> _Test:
        tests = [self._condition()]
        while self.cursor.take("&&"):
            tests.append(self._condition())
        return tests[0] if len(tests) == 1 else lambda results: all(t(results) for t in tests)

    def _condition(self) -> _Test:
        with self.cursor.nested():
            if self.cursor.take("!"):
                negated = self._condition()
                return lambda results: not negated(results)
            if self.cursor.take("("):
                inner = self.alternatives()
                self.cursor.expect(")")
                return inner
        if self.cursor.token.kind is not Kind.NAME:
            raise self.cursor.fault("Write the name of a task here")
        return self._task(self.cursor.advance())

    def _task(self, token: Token) -> _Test:
        task, _, result = token.text.partition(".")
        if task in _KEYWORDS:
            raise self._fault(f"Rename the task '{task}', which Argo takes for an operator", token)
        if result and result not in RESULTS:
            raise self._fault(f"Write a result that Argo knows for '{result}'", token)
        self.asked[task, result] = None
        if not result:
            return lambda results: not BARE.isdisjoint(results[task])
        return lambda results: result in results[task]

    def _fault(self, message: str, token: Token) -> ExpressionSyntaxError:
        return ExpressionSyntaxError(message, self.cursor.source, token.span)
