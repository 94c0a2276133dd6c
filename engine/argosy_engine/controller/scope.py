"""Evaluate the expressions and tags of a DAG over the nodes of its tasks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from argosy_engine.controller.nodes import DagNode
from argosy_engine.workflow.model import DagTask
from argosy_expressions.argo import evaluate, fill
from argosy_expressions.errors import ExpressionError
from argosy_runs.nodes import NodePhase
from argosy_schemas.names import TaskPath, join_task_path
from argosy_schemas.pod import PATH_INPUT, TASK_INPUT
from argosy_schemas.values import JsonValue

_DEPENDS_RESULT: Mapping[NodePhase, frozenset[str]] = {
    NodePhase.SUCCEEDED: frozenset({"Succeeded"}),
    NodePhase.SKIPPED: frozenset({"Skipped"}),
    NodePhase.FAILED: frozenset({"Failed"}),
    NodePhase.ERROR: frozenset({"Errored"}),
    NodePhase.OMITTED: frozenset({"Omitted"}),
}
"""What ``depends`` may say of a fulfilled node: a phase and a result have different names."""


class TasksView(Mapping[str, JsonValue]):
    """``tasks`` in an expression: the nodes of a DAG by task name."""

    __slots__ = ("_dag",)

    def __init__(self, dag: DagNode) -> None:
        self._dag = dag

    def __getitem__(self, name: str) -> JsonValue:
        node = self._dag.children[self._dag.template.index[name]]
        if node is None:
            raise KeyError(name)
        return {"status": node.phase.value, "outputs": {"parameters": node.outputs}}

    def __iter__(self) -> Iterator[str]:
        return (
            task.name
            for task, node in zip(self._dag.template.tasks, self._dag.children, strict=True)
            if node is not None
        )

    def __len__(self) -> int:
        return sum(node is not None for node in self._dag.children)


def collect_results(dag: DagNode, task: DagTask) -> dict[str, frozenset[str]]:
    """Return the results of the tasks in a ``depends``, all of which have ended."""
    results: dict[str, frozenset[str]] = {}
    for name in task.depends.tasks if task.depends is not None else ():
        node = dag.children[dag.template.index[name]]
        results[name] = frozenset() if node is None else _DEPENDS_RESULT[node.phase]
    return results


def find_task_path(dag: DagNode, task: DagTask, arguments: Mapping[str, str]) -> TaskPath:
    """Return the path of the task that a node is for; the compiler passes it as an input."""
    path = arguments.get(TASK_INPUT, arguments.get(PATH_INPUT))
    return join_task_path(dag.path, task.name) if path is None else TaskPath(path.rstrip("/"))


def resolve_tags(text: str, scope: Mapping[str, JsonValue]) -> str:
    """Return a text with its tags replaced.

    Raises:
        ExpressionError: A tag cannot be resolved.
    """
    return fill(text, scope)


def evaluate_output(expression: str | None, scope: Mapping[str, JsonValue]) -> str:
    """Return an output's value; other values than text become JSON, as in Argo 3.6 and later.

    Raises:
        ExpressionError: There is no value.
    """
    value = evaluate(expression or "", scope)
    if isinstance(value, str):
        return value
    if value is None:
        raise ExpressionError("the output has no value", expression or "", (0, 0))
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
