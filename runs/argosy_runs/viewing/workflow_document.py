"""What a Workflow, as JSON, says about its nodes: their task paths, and what runs at the exit.

It reads only these parts; :mod:`argosy_engine.workflow.reading` reads all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from argosy_expressions.argo.tags import fill
from argosy_expressions.errors import ExpressionError
from argosy_schemas.names import TaskPath, join_task_path
from argosy_schemas.pod import DECIDE_COMMAND, PATH_INPUT, TASK_INPUT
from argosy_schemas.values import JsonValue

_ITERATION = re.compile(r"\(([0-9]+):[^)]*\)$")
"""At the end of the name of an iteration's node."""


class WorkflowDocument:
    """A Workflow as the compiler writes it, or as Argo gives it back."""

    def __init__(self, document: Mapping[str, JsonValue]) -> None:
        whole: Mapping[str, Any] = document
        stored = whole.get("status", {}).get("storedWorkflowTemplateSpec", {})
        self._spec: Mapping[str, Any] = {**stored, **whole["spec"]}

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
        return frozenset(
            argument["value"].removesuffix("/")
            for task in _tasks(self._templates[name])
            for argument in _parameters(task, "arguments")
            if argument["name"] in (TASK_INPUT, PATH_INPUT)
        )

    def decides(self, template: str) -> bool:
        """Return whether the pods of a template decide about a task and run nothing of it."""
        container = self._templates.get(template, {}).get("container", {})
        return tuple(container.get("command", ())) == DECIDE_COMMAND

    def task_path(
        self, template: str, inputs: Mapping[str, str], outer: TaskPath, label: str
    ) -> TaskPath:
        """Return the path of a task of a DAG, as the DAG passes it to the task's template.

        Args:
            template: Of the DAG.
            inputs: Of the DAG's node.
            outer: The path of the DAG.
            label: The last part of the name of the task's node.
        """
        iteration = _ITERATION.search(label)
        name = _ITERATION.sub("", label)
        environment: dict[str, JsonValue] = {"inputs": {"parameters": dict(inputs)}}
        if iteration is not None:
            environment["item"] = iteration[1]
        for task in _tasks(self._templates.get(template, {})):
            if task["name"] == name:
                for argument in _parameters(task, "arguments"):
                    if argument["name"] in (TASK_INPUT, PATH_INPUT):
                        try:
                            return TaskPath(fill(argument["value"], environment).rstrip("/"))
                        except ExpressionError:
                            # A loop's path holds its item; the loop itself is what did not run.
                            return outer
        return join_task_path(outer, name)

    @cached_property
    def _templates(self) -> Mapping[str, Mapping[str, Any]]:
        return {template["name"]: template for template in self._spec.get("templates", ())}


def _tasks(template: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the tasks of a DAG template, or of one of steps."""
    yield from template.get("dag", {}).get("tasks", ())
    for group in template.get("steps", ()):
        yield from group


def _parameters(holder: Mapping[str, Any], field: str) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = holder.get(field, {}).get("parameters", ())
    return found
