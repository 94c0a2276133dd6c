"""How a node ends when all that it waited for has: its phase, its message and what it publishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from argosy_engine.controller.dag_phase import dag_phase
from argosy_engine.controller.messages import PodEnded
from argosy_engine.controller.nodes import DagNode, GroupNode, Node, PodNode
from argosy_engine.controller.phase import Phase
from argosy_engine.controller.scope import text_of
from argosy_expressions.errors import ExpressionError
from argosy_schemas.names import TaskPath
from argosy_schemas.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What becomes of a node."""

    phase: Phase
    message: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])


def pod_ending(node: PodNode, ended: PodEnded) -> Ending:
    """Return how a pod ends; as in Argo, to collect an output that was not written is an error."""
    phase, message = ended.phase, ended.message
    outputs: dict[str, str] = {}
    for declared in node.template.outputs:
        value = ended.outputs.get(declared.name, declared.default)
        if value is not None:
            outputs[declared.name] = value
        elif phase is Phase.SUCCEEDED:
            phase, message = Phase.ERROR, f"the output '{declared.name}' was not written"
    return Ending(phase=phase, message=message, outputs=outputs)


def dag_ending(dag: DagNode, scope: Mapping[str, JsonValue]) -> Ending:
    """Return how a DAG ends; it publishes nothing unless it succeeded.

    Args:
        dag: All its tasks have ended.
        scope: What its outputs see.
    """
    phase = dag_phase(dag.template, [None if node is None else node.phase for node in dag.children])
    if phase is not Phase.SUCCEEDED:
        return Ending(phase=phase)
    outputs: dict[str, str] = {}
    for output in dag.template.outputs:
        try:
            outputs[output.name] = text_of(output.expression, scope)
        except ExpressionError as error:
            if output.default is None:
                return Ending(phase=Phase.ERROR, message=str(error), outputs=outputs)
            outputs[output.name] = output.default
    return Ending(phase=phase, outputs=outputs)


def error_of(node: Node, undecided: Callable[[TaskPath], str | None]) -> str | None:
    """Return what a person is told of a node that failed; a DAG as its tasks did says nothing.

    Args:
        node: That failed.
        undecided: Why it cannot be decided about a task, in the words of the pipeline. What it
            cannot say is told in those of the workflow.
    """
    if node.phase is Phase.ERROR and node.message:
        if (reason := undecided(node.path)) is not None:
            return reason
        return f"what decides about the task cannot be evaluated: {node.message}"
    return node.message or None


def group_ending(group: GroupNode) -> Ending:
    """Return how a loop ends: as its last item did that failed."""
    failed = (node.phase for node in reversed(group.children) if node and node.phase.is_failed)
    return Ending(phase=next(failed, Phase.SUCCEEDED))
