r"""Tags of an inline DAG, written so that they are resolved in that DAG.

Argo resolves what is inline in a task along with that task, in the DAG around: a tag that reads
tasks of the inline DAG would wait forever for tasks that are not there, and an input would be that
of the DAG around (3.5 to 4.1, see ``docs/argo-compatibility.md``). So the tag stands in a text that
another tag yields, one that the DAG around can resolve, but not before the task begins. It reads
the status of a *gate*, a task that succeeds and that the holder of the inline DAG waits for; or,
where the holder is a loop, its item.

>>> deferred("{{=tasks['a'].status}}", "ready")
"{{=tasks['ready'].status == 'Succeeded' ? '\\x7b\\x7b=tasks[\\x27a\\x27].status\\x7d\\x7d' : ''}}"
>>> recovered(deferred("{{=tasks['a'].status}}", "ready")).text
"{{=tasks['a'].status}}"
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from argosy_expressions.argo.program import program
from argosy_expressions.terms import quoted

_TAG = re.compile(r"\{\{(?:=.*?|inputs\.parameters\.(?P<input>[-\w]+))\}\}", re.DOTALL)
_DEFERRED = re.compile(
    r"\{\{=(?:tasks\['(?P<gate>[^']+)'\]\.status == 'Succeeded'|(?P<item>item) != '')"
    r" \? (?P<literal>'[^']*') : ''\}\}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A text as the inline DAG sees it."""

    text: str
    gates: frozenset[str]
    """Those that have to succeed before; empty where nothing was deferred to one."""
    needs_item: bool
    """Whether it is resolved in an iteration of a loop."""


def deferred(text: str, gate: str | None, *, handed_on: Container[str]) -> str:
    """Return a text whose tags are resolved one DAG further in.

    Args:
        text: Of a task in an inline DAG.
        gate: A task of the DAG around; ``None``: the holder is a loop.
        handed_on: Inputs that the inline DAG has from the DAG around under the same name. Their
            simple tags stay, as do those that are no inputs.
    """
    known = "item != ''" if gate is None else f"tasks['{gate}'].status == 'Succeeded'"

    def later(tag: re.Match[str]) -> str:
        if tag["input"] is not None and tag["input"] in handed_on:
            return tag[0]
        return f"{{{{={known} ? {quoted(tag[0])} : ''}}}}"

    return _TAG.sub(later, text)


def recovered(text: str) -> Recovered:
    """Return a text with the tags that :func:`deferred` deferred; all others stay."""
    gates: set[str] = set()
    needs_item = False

    def tag(found: re.Match[str]) -> str:
        nonlocal needs_item
        if found["item"]:
            needs_item = True
        else:
            gates.add(found["gate"])
        return str(program(found["literal"]).run({}))

    plain = _DEFERRED.sub(tag, text)
    return Recovered(text=plain, gates=frozenset(gates), needs_item=needs_item)


def without_deferred(text: str) -> str:
    """Return a text without the tags that :func:`deferred` deferred: what is resolved early."""
    return _DEFERRED.sub("", text)
