"""How a node ends when all that it waited for has: its phase, its message and what it publishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from argosy_engine.controller.dag_phase import dag_phase
from argosy_engine.controller.messages import PodEnded
from argosy_engine.controller.nodes import DagNode, GroupNode, PodNode
from argosy_engine.controller.scope import text_of
from argosy_expressions.errors import ExpressionError
from argosy_runs.nodes import NodePhase
from argosy_schemas.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What becomes of a node."""

    phase: NodePhase
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
        elif phase is NodePhase.SUCCEEDED:
            phase, message = NodePhase.ERROR, f"the output '{declared.name}' was not written"
    return Ending(phase=phase, message=message, outputs=outputs)


def dag_ending(dag: DagNode, scope: Mapping[str, JsonValue]) -> Ending:
    """Return how a DAG ends; it publishes nothing unless it succeeded.

    Args:
        dag: All its tasks have ended.
        scope: What its outputs see.
    """
    phase = dag_phase(dag.template, [None if node is None else node.phase for node in dag.children])
    if phase is not NodePhase.SUCCEEDED:
        return Ending(phase=phase)
    outputs: dict[str, str] = {}
    for output in dag.template.outputs:
        try:
            outputs[output.name] = text_of(output.expression, scope)
        except ExpressionError as error:
            if output.default is None:
                return Ending(phase=NodePhase.ERROR, message=str(error), outputs=outputs)
            outputs[output.name] = output.default
    return Ending(phase=phase, outputs=outputs)


def group_ending(group: GroupNode) -> Ending:
    """Return how a loop ends: as its last item did that failed."""
    failed = (node.phase for node in reversed(group.children) if node and node.phase.is_failed)
    return Ending(phase=next(failed, NodePhase.SUCCEEDED))
