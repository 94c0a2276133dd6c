"""What a compiled Workflow, as JSON, says about its nodes: their task paths, and what runs at exit.

It is read as far as that goes; :mod:`argosy_engine.workflow.model` reads it whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from argosy_schemas.pod import PATH_INPUT, TASK_INPUT
from argosy_schemas.values import JsonValue


class WorkflowDocument:
    """A Workflow as the compiler writes it, or as Argo gives it back."""

    def __init__(self, document: Mapping[str, JsonValue]) -> None:
        self._spec: Mapping[str, Any] = document["spec"]  # type: ignore[assignment]  # JSON

    @property
    def arguments(self) -> Mapping[str, str | None]:
        """The parameters of the workflow with their values."""
        return {each["name"]: each.get("value") for each in _parameters(self._spec, "arguments")}

    @property
    def exit_tasks(self) -> frozenset[str] | None:
        """Tasks of the pipeline itself that run at the exit if a stop kept them from their end.

        ``None``: nothing runs at the exit.
        """
        name = self._spec.get("onExit")
        if name is None:
            return None
        template = next(each for each in self._spec["templates"] if each["name"] == name)
        return frozenset(
            argument["value"].removesuffix("/")
            for task in _tasks(template)
            for argument in _parameters(task, "arguments")
            if argument["name"] in (TASK_INPUT, PATH_INPUT)
        )


def _tasks(template: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the tasks of a DAG template, or of one of steps."""
    yield from template.get("dag", {}).get("tasks", ())
    for group in template.get("steps", ()):
        yield from group


def _parameters(holder: Mapping[str, Any], field: str) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = holder.get(field, {}).get("parameters", ())
    return found
