"""Decide how a node ends once all nodes that it waits for have: phase, message and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from argosy_engine.controller.dag_phase import derive_dag_phase
from argosy_engine.controller.messages import PodEnded
from argosy_engine.controller.nodes import DagNode, GroupNode, PodNode
from argosy_engine.controller.scope import evaluate_output
from argosy_expressions.errors import ExpressionError
from argosy_runs.nodes import NodePhase
from argosy_schemas.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of a node."""

    phase: NodePhase
    message: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])


def decide_pod_ending(node: PodNode, ended: PodEnded) -> Ending:
    """Return how a pod ends; as in Argo, an output that was not written is an error."""
    phase, message = ended.phase, ended.message
    outputs: dict[str, str] = {}
    for declared in node.template.outputs:
        value = ended.outputs.get(declared.name, declared.default)
        if value is not None:
            outputs[declared.name] = value
        elif phase is NodePhase.SUCCEEDED:
            phase, message = NodePhase.ERROR, f"the output '{declared.name}' was not written"
    return Ending(phase=phase, message=message, outputs=outputs)


def decide_dag_ending(dag: DagNode, scope: Mapping[str, JsonValue]) -> Ending:
    """Return how a DAG ends; it has outputs only if it succeeded.

    Args:
        dag: A DAG all of whose tasks have ended.
        scope: The values that the expressions of its outputs may read.
    """
    phase = derive_dag_phase(
        dag.template, [None if node is None else node.phase for node in dag.children]
    )
    if phase is not NodePhase.SUCCEEDED:
        return Ending(phase=phase)
    outputs: dict[str, str] = {}
    for output in dag.template.outputs:
        try:
            outputs[output.name] = evaluate_output(output.expression, scope)
        except ExpressionError as error:
            if output.default is None:
                return Ending(phase=NodePhase.ERROR, message=str(error), outputs=outputs)
            outputs[output.name] = output.default
    return Ending(phase=phase, outputs=outputs)


def decide_group_ending(group: GroupNode) -> Ending:
    """Return how a loop ends: as its last failed iteration."""
    failed = (node.phase for node in reversed(group.children) if node and node.phase.is_failed)
    return Ending(phase=next(failed, NodePhase.SUCCEEDED))
