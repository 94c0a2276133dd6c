r"""Expression tags of an inline DAG, written so that they are resolved in that DAG.

Argo resolves what is inline in a task along with that task, in the DAG around: a tag that reads
tasks of the inline DAG would wait forever for tasks that are not there (3.5 to 4.1, see
``docs/argo-compatibility.md``). So the tag stands in a text that another tag yields, one that the
DAG around can resolve, but not before the task begins: it reads the status of a *gate*, a task that
succeeds and that the holder of the inline DAG waits for.

>>> deferred("{{=tasks['a'].status}}", "ready")
"{{=tasks['ready'].status == 'Succeeded' ? '\\x7b\\x7b=tasks[\\x27a\\x27].status\\x7d\\x7d' : ''}}"
>>> recovered(deferred("{{=tasks['a'].status}}", "ready")).text
"{{=tasks['a'].status}}"
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from argosy_expressions.argo.program import program
from argosy_expressions.terms import quoted

_EXPRESSION_TAG = re.compile(r"\{\{=.*?\}\}", re.DOTALL)
_DEFERRED = re.compile(
    r"\{\{=tasks\['(?P<gate>[^']+)'\]\.status == 'Succeeded' \? (?P<literal>'[^']*') : ''\}\}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A text as the inline DAG sees it."""

    text: str
    gates: frozenset[str]
    """Those that have to succeed before; empty where nothing was deferred."""


def deferred(text: str, gate: str) -> str:
    """Return a text whose expression tags are resolved one DAG further in.

    Args:
        text: Of a task in an inline DAG. Simple tags stay: the DAG around resolves them.
        gate: A task of the DAG around.
    """

    def later(tag: re.Match[str]) -> str:
        return f"{{{{=tasks['{gate}'].status == 'Succeeded' ? {quoted(tag[0])} : ''}}}}"

    return _EXPRESSION_TAG.sub(later, text)


def recovered(text: str) -> Recovered:
    """Return a text with the tags that :func:`deferred` deferred; all others stay."""
    gates: set[str] = set()

    def tag(found: re.Match[str]) -> str:
        gates.add(found["gate"])
        return str(program(found["literal"]).run({}))

    plain = _DEFERRED.sub(tag, text)
    return Recovered(text=plain, gates=frozenset(gates))


def without_deferred(text: str) -> str:
    """Return a text without the tags that :func:`deferred` deferred: what is resolved early."""
    return _DEFERRED.sub("", text)
