"""What the tags of a workflow may read, by where they stand."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

from argosy_engine.workflow.model import DagTemplate
from argosy_expressions.argo.program import compile_expression
from argosy_schemas.pod import CONTROL, SUMMARY
from workflow_fields import TAG, Field

_INPUT = "inputs.parameters."
_PARAMETER = "workflow.parameters."
_NAME = "workflow.name"
_OF_PODS = frozenset({"workflow.uid", _NAME, "workflow.creationTimestamp.RFC3339"})
_RETRIES = "retries"
_AT_EXIT = frozenset({"workflow.status", "workflow.failures"})
_LAST_MESSAGE = "lastRetry.message"
_OUTPUT = rf"\.outputs\.parameters\.(?:{CONTROL}|{SUMMARY})"
# Behind a list, `[tasks['a']][0]`, the task stands alone.
_TASK = re.compile(rf"(?P<kind>\w+)\.(?P<task>[^.]+)(?:\.status|{_OUTPUT})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is known where a text stands."""

    inputs: Container[str] = ()
    """Of the template."""
    tasks_are: str = ""
    """What expressions call tasks: ``tasks`` or ``steps``; empty: there are none."""
    tasks: Container[str] = ()
    """Those that have ended."""
    has_item: bool = False
    """Whether this is for each iteration of a loop."""
    is_pod: bool = False
    at_exit: bool = False
    is_retry: bool = False
    """Whether this decides about another attempt, and knows nothing but the last one."""

    def check(self, text: str, field: Field) -> None:
        """Refuse a text with a tag that reads what is not known where it stands."""
        for tag in TAG.findall(text):
            self._check(tag, field)

    def check_expression(self, expression: str, field: Field) -> None:
        """Refuse an expression as :meth:`check` refuses that of a tag."""
        self._check(f"={expression}", field)

    def _check(self, tag: str, field: Field) -> None:
        if tag.startswith("="):
            unknown = [path for path in _read_by(tag[1:]) if not self._can_compute(path)]
        else:
            unknown = [] if self._can_fill(tag.strip()) else [tag.strip()]
        if unknown:
            raise field.refuse(f"reads '{min(unknown)}', which nothing reads there; compile again")

    def _can_fill(self, name: str) -> bool:
        """Return whether a simple tag has a value."""
        if self.is_pod and (name in _OF_PODS or name == _RETRIES or name.startswith(_PARAMETER)):
            return True
        return self._is_input(name) or (self.has_item and name == "item")

    def _can_compute(self, path: str) -> bool:
        """Return whether an expression may read what is at a path."""
        if self.is_retry:
            return path == _LAST_MESSAGE
        if path == _NAME or path.startswith(_PARAMETER):
            return True
        if self.at_exit and path in _AT_EXIT:
            return True
        found = _TASK.fullmatch(path)
        if found is not None and found["kind"] == self.tasks_are:
            return found["task"] in self.tasks
        return self._is_input(path)

    def _is_input(self, name: str) -> bool:
        return name.startswith(_INPUT) and name.removeprefix(_INPUT) in self.inputs


class Before(Container[str]):
    """The tasks that have ended when one of a DAG begins."""

    def __init__(self, dag: DagTemplate, position: int) -> None:
        self._dag = dag
        self._position = position
        self._found: set[int] | None = None

    def __contains__(self, name: object) -> bool:
        position = self._dag.index.get(name) if isinstance(name, str) else None
        if position is None:
            return False
        # Most tasks read what they depend on themselves.
        if position in self._dag.upstream[self._position]:
            return True
        if self._found is None:
            self._found = self._all()
        return position in self._found

    def _all(self) -> set[int]:
        found: set[int] = set()
        pending = [self._position]
        while pending:
            above = set(self._dag.upstream[pending.pop()]) - found
            found |= above
            pending.extend(above)
        return found


def _read_by(expression: str) -> Iterator[str]:
    """Yield the paths that an expression reads, without those on the way."""
    paths = compile_expression(expression).paths
    on_the_way = {path.rpartition(".")[0] for path in paths}
    return (path for path in paths if path not in on_the_way)
